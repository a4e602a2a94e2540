/**
 * Who may be a member of a conversation, as far as the server has a say: it certifies whose messaging key it is, keeps what the organisation
 * has countersigned, and proves both by the ledger. It can make nobody a member: devices ask for a countersignature under the root that they
 * pin, by a key that no server holds.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope, MessagingCertificate } from '../../shared/order/documents.ts';
import { keyidOf, type Signer } from '../../shared/order/dsse.ts';
import { certifyMessagingKey, isCountersignature, readMessagingKey } from '../../shared/order/messaging-certificate.ts';
import { foldedName } from '../../shared/order/person.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createAskLimits } from './ask-limits.ts';
import type {
  KeySignature,
  LedgerPort,
  ListedKey,
  Log,
  MemberScope,
  MembershipStore,
  NewSignature,
  RootPort,
  SignedKey,
} from './ports.ts';
import { type Answered, type AskedAbout, createProofs, envelopeOf } from './proofs.ts';

/** People shown to one who searches. */
const MOST_FOUND = 20;

export interface OwnKey {
  /** Null: none was handed in for this enrolment. */
  readonly certificate: Envelope | null;
  readonly countersigned: boolean;
}

export interface Countersignature {
  /** Of the certificate's payload. */
  readonly digest: string;
  readonly keyid: string;
  /** Base64, over the exact bytes. */
  readonly signature: string;
}

export interface Countersigned {
  /** Those that stand now, also when they stood before. */
  readonly countersigned: number;
  readonly refused: readonly { readonly digest: string; readonly code: string; readonly detail: string }[];
}

export interface KeyPage {
  readonly keys: readonly (ListedKey & { readonly countersignedBy: readonly string[] })[];
  readonly cursor: string | null;
}

export interface ListKeys {
  readonly waiting: boolean;
  readonly lacking: string | null;
  readonly group: string | null;
  readonly scope: MemberScope;
  readonly cursor: string | null;
  readonly limit: number;
}

export type Membership = ReturnType<typeof createMembership>;

export function createMembership(ports: {
  readonly installation: string;
  readonly store: MembershipStore;
  readonly orders: RootPort;
  readonly ledger: LedgerPort;
  readonly online: Signer;
  readonly devices: {
    get(device: DeviceId): Promise<{
      readonly person: PersonId;
      readonly user: string;
      readonly group: { readonly name: string };
    }>;
  };
  readonly people: { get(person: PersonId): Promise<{ readonly email: string | null }> };
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}) {
  const { installation, store, orders, ledger, online, devices, people, bus, clock, log } = ports;
  const limits = createAskLimits();
  const proofs = createProofs({ store, ledger });
  /** For which organisation keys the store's `waiting` has been worked out. */
  let settledFor: string | null = null;

  const unsubscribe = bus.subscribe((wake) => {
    if (wake.kind !== 'ended') return;
    changed(wake.device).catch((error: unknown) => log.error({ err: error }, 'members were not told of a change'));
  });

  /** A device has ended, or begun anew: everybody whose it was has other devices now. */
  async function changed(device: DeviceId): Promise<void> {
    const people = await store.peopleOf(device);
    if (people.length > 0) bus.publish({ kind: 'members', people });
  }

  async function settled(): Promise<Root | null> {
    const root = orders.root();
    const keyids = (root?.organisationKeys ?? []).map(({ keyid }) => keyid).sort();
    const name = keyids.join(' ');
    if (settledFor !== name) {
      await store.settle(keyids);
      settledFor = name;
    }
    return root;
  }

  const countersignaturesOf = ({ signatures }: SignedKey, root: Root | null): readonly KeySignature[] =>
    signatures.filter(
      ({ keyid, role }) => role === 'organisation' && root?.organisationKeys.some((key) => key.keyid === keyid),
    );

  function certified(key: Pick<SignedKey, 'device' | 'generation' | 'digest'>, signature: string): NewSignature {
    const at = clock.now();
    const leaf: LeafDraft<'messaging-key.certified'> = {
      kind: 'messaging-key.certified',
      at,
      subject: key.device,
      public: { digest: key.digest },
    };
    return { key, keyid: online.keyid, role: 'online', signature, at, leaf };
  }

  async function own(device: DeviceId, generation: number): Promise<OwnKey> {
    const key = await store.keyOf(device, generation);
    if (!key) return { certificate: null, countersigned: false };
    return { certificate: envelopeOf(key), countersigned: countersignaturesOf(key, orders.root()).length > 0 };
  }

  /**
   * One key for each enrolment, for good: two certificates for one enrolment are what a server that is not to be trusted would make, and so an
   * honest one never does. A device that has lost its key enrols anew. Throws `messaging_key_taken`.
   */
  async function handIn(
    identity: { readonly device: DeviceId; readonly generation: number; readonly der: string },
    envelope: Envelope,
  ): Promise<OwnKey> {
    const { device, generation } = identity;
    const { publicKey: key } = new X509Certificate(Buffer.from(identity.der, 'base64'));
    const said = readMessagingKey(envelope, { keyid: keyidOf(key), key });
    if (said.installation !== installation || said.device !== device || said.generation !== generation) {
      throw new CordonError('conflict', 'A device hands in its own key, for its present enrolment, alone.');
    }
    if (!(await store.keyOf(device, generation))) await certify(device, generation, said.signatureKey);
    const held = await store.keyOf(device, generation);
    if (!held) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    if (held.signatureKey !== said.signatureKey) {
      throw new CordonError(
        'messaging_key_taken',
        'This enrolment has handed in another messaging key before: enrol the device again with a new activation link.',
      );
    }
    return own(device, generation);
  }

  async function certify(device: DeviceId, generation: number, signatureKey: string): Promise<void> {
    const { person, user: name, group } = await devices.get(device);
    const { email } = await people.get(person);
    const certifiedAt = clock.now();
    const document: MessagingCertificate = {
      installation,
      device,
      generation,
      person,
      name,
      email,
      group: group.name,
      signatureKey,
      issuedAt: new Date(certifiedAt).toISOString(),
    };
    const envelope = certifyMessagingKey(document, online);
    const bytes = Buffer.from(envelope.payload, 'base64');
    const payload = bytes.toString('utf8');
    const digest = sha256(bytes);
    const key = { device, generation, person, name, signatureKey, payload, digest, certifiedAt };
    await store.certify({ ...key, folded: foldedName(name) }, certified(key, envelope.signatures[0]?.sig ?? ''));
    bus.publish({ kind: 'devices' });
  }

  async function list({ cursor, ...query }: ListKeys): Promise<KeyPage> {
    const root = await settled();
    const found = await store.list({
      ...query,
      after: cursor === null ? null : readCursor(cursor),
      limit: query.limit + 1,
    });
    const keys = found.slice(0, query.limit);
    const last = keys.at(-1);
    return {
      keys: keys.map((key) => ({ ...key, countersignedBy: countersignaturesOf(key, root).map(({ keyid }) => keyid) })),
      cursor: found.length > keys.length && last ? `${last.certifiedAt} ${last.device}` : null,
    };
  }

  /** Each for itself: one that does not hold keeps no other back. */
  async function countersign(given: readonly Countersignature[], scope: MemberScope): Promise<Countersigned> {
    const root = await settled();
    const keys = new Map((root?.organisationKeys ?? []).map((key) => [key.keyid, key]));
    if (keys.size === 0) {
      throw new CordonError(
        'conflict',
        'The list of approvers names no organisation key: propose one that does (cordon approvers propose --organisation-key), and have it signed.',
      );
    }
    const digests = [...new Set(given.map(({ digest }) => digest))];
    const present = new Map((await store.present(digests, scope)).map((key) => [key.digest, key]));
    const refused: Countersigned['refused'][number][] = [];
    const taken: NewSignature[] = [];
    const people = new Set<string>();
    for (const { digest, keyid, signature } of given) {
      const refuse = (code: string, detail: string) => void refused.push({ digest, code, detail });
      const key = present.get(digest);
      const signer = keys.get(keyid);
      if (!key) refuse('not_found', 'No device in your reach has this key now: it has ended or enrolled again.');
      else if (!signer) refuse('approver_unknown', 'The list of approvers does not name this organisation key.');
      else if (!isCountersignature(key.payload, signer, signature))
        refuse('signature_invalid', 'The signature is not over the exact bytes of this certificate.');
      else {
        taken.push(countersigned(key, keyid, signature));
        people.add(key.person);
      }
    }
    if (taken.length > 0) {
      await store.sign(taken);
      // A member is one whose leaves have their place: whoever is woken would else ask too early.
      await ledger.sequence().catch((error: unknown) => log.error({ err: error }, 'leaves wait for their place'));
      bus.publish({ kind: 'members', people: [...people] });
    }
    return { countersigned: taken.length, refused };
  }

  function countersigned(
    key: Pick<SignedKey, 'device' | 'generation' | 'digest'>,
    keyid: string,
    signature: string,
  ): NewSignature {
    const at = clock.now();
    const leaf: LeafDraft<'messaging-key.countersigned'> = {
      kind: 'messaging-key.countersigned',
      at,
      subject: key.device,
      public: { digest: key.digest, keyid },
    };
    return { key, keyid, role: 'organisation', signature, at, leaf };
  }

  /**
   * Devices that are enrolled, certified and countersigned now, each with what proves it; and whose they and those are that were asked about.
   * `asker`: null when the server itself asks. Throws `too_large`, `rate_limited`.
   */
  async function members(of: AskedAbout, asker: DeviceId | null = null): Promise<Answered> {
    if (asker !== null) await limits.members(asker, of.people.length + of.devices.length);
    return proofs.of(of, await settled());
  }

  async function search(
    text: string,
    asker: DeviceId | null = null,
  ): Promise<{ person: string; name: string; devices: number }[]> {
    if (asker !== null) await limits.search(asker);
    const folded = foldedName(text);
    if (folded === '') return [];
    await settled();
    return store.search(folded, MOST_FOUND);
  }

  return {
    handIn,
    own,
    list,
    countersign,
    members,
    search,
    /** For the overview: how many devices wait, and whether anybody could countersign them. */
    waiting: async (scope: MemberScope) => {
      const root = await settled();
      return { count: await store.waiting(scope), possible: (root?.organisationKeys.length ?? 0) > 0 };
    },
    stop: unsubscribe,
  };
}

function readCursor(text: string): { certifiedAt: number; device: string } {
  const [, certifiedAt, device] = /^(\d{1,15}) (dev_[a-z2-7]{16})$/.exec(text) ?? [];
  if (certifiedAt !== undefined && device !== undefined) return { certifiedAt: Number(certifiedAt), device };
  throw new CordonError('invalid_input', 'The cursor is of another list; begin without one.', { field: 'cursor' });
}
