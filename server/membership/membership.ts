/**
 * Verified devices: the server certifies the owner of each messaging key, stores the organization's countersignatures, and proves both
 * signatures by the ledger. The server alone cannot verify a device: devices also require a signature by the organization key, which no
 * server has.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope, MessagingCertificate } from '../../shared/order/documents.ts';
import { keyidOf, type Signer } from '../../shared/order/dsse.ts';
import { certifyMessagingKey, isCountersignature, readMessagingKey } from '../../shared/order/messaging-certificate.ts';
import { foldedName } from '../../shared/order/person.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type {
  ApproverSetPort,
  KeySignature,
  LedgerPort,
  ListedKey,
  Log,
  MemberScope,
  MembershipStore,
  NewSignature,
  SignedKey,
} from './ports.ts';
import { type Answered, type AskedAbout, createProofs, envelopeOf } from './proofs.ts';
import { createRequestLimits } from './request-limits.ts';

/** Maximum number of results of one search for people. */
const MOST_FOUND = 20;

export interface OwnKey {
  /** Messaging key of the device's present enrollment; null before the device has sent a key. */
  readonly certificate: Envelope | null;
  readonly countersigned: boolean;
}

export interface Countersignature {
  /** Digest of the certificate's payload. */
  readonly digest: string;
  readonly keyid: string;
  /** Base64 signature of the certificate's exact bytes. */
  readonly signature: string;
}

export interface Countersigned {
  /** Number of valid signatures in the request, including signatures that were already stored. */
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
  readonly approverSets: ApproverSetPort;
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
  const { installation, store, approverSets, ledger, online, devices, people, bus, clock, log } = ports;
  const limits = createRequestLimits();
  const proofs = createProofs({ store, ledger });
  /** Organization keys of the last call of the store's `settle`. */
  let settledFor: string | null = null;

  const unsubscribe = bus.subscribe((wake) => {
    if (wake.kind !== 'ended') return;
    changed(wake.device).catch((error: unknown) =>
      log.error({ err: error }, 'devices could not be told of a change of verified devices'),
    );
  });

  /** Announces on the bus that the verified devices of a device's owners changed. */
  async function changed(device: DeviceId): Promise<void> {
    const people = await store.peopleOf(device);
    if (people.length > 0) bus.publish({ kind: 'members', people });
  }

  async function settled(): Promise<ApproverSet | null> {
    const approverSet = approverSets.current();
    const keyids = (approverSet?.organizationKeys ?? []).map(({ keyid }) => keyid).sort();
    const name = keyids.join(' ');
    if (settledFor !== name) {
      await store.settle(keyids);
      settledFor = name;
    }
    return approverSet;
  }

  const countersignaturesOf = ({ signatures }: SignedKey, approverSet: ApproverSet | null): readonly KeySignature[] =>
    signatures.filter(
      ({ keyid, role }) => role === 'organization' && approverSet?.organizationKeys.some((key) => key.keyid === keyid),
    );

  function certified(key: Pick<SignedKey, 'device' | 'generation' | 'digest'>, signature: string): NewSignature {
    const at = clock.now();
    const entry: EntryDraft<'messaging-key.certified'> = {
      kind: 'messaging-key.certified',
      at,
      subject: key.device,
      public: { digest: key.digest },
    };
    return { key, keyid: online.keyid, role: 'online', signature, entry };
  }

  async function own(device: DeviceId, generation: number): Promise<OwnKey> {
    const key = await store.keyOf(device, generation);
    if (!key) return { certificate: null, countersigned: false };
    return { certificate: envelopeOf(key), countersigned: countersignaturesOf(key, approverSets.current()).length > 0 };
  }

  /**
   * Stores one messaging key for each enrollment, and never replaces it: a second certificate for one enrollment would look like an attack
   * by the server. A device that lost its key must enroll again. Throws `messaging_key_taken`.
   */
  async function handIn(
    identity: { readonly device: DeviceId; readonly generation: number; readonly der: string },
    envelope: Envelope,
  ): Promise<OwnKey> {
    const { device, generation } = identity;
    const { publicKey: key } = new X509Certificate(Buffer.from(identity.der, 'base64'));
    const said = readMessagingKey(envelope, { keyid: keyidOf(key), key });
    if (said.installation !== installation || said.device !== device || said.generation !== generation) {
      throw new CordonError('conflict', 'A device can only hand in its own key for its present enrollment.');
    }
    if (!(await store.keyOf(device, generation))) await certify(device, generation, said.signatureKey);
    const held = await store.keyOf(device, generation);
    if (!held) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    if (held.signatureKey !== said.signatureKey) {
      throw new CordonError(
        'messaging_key_taken',
        'This enrollment has handed in another messaging key before. Enroll the device again with a new activation link.',
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
    const approverSet = await settled();
    const found = await store.list({
      ...query,
      after: cursor === null ? null : readCursor(cursor),
      limit: query.limit + 1,
    });
    const keys = found.slice(0, query.limit);
    const last = keys.at(-1);
    return {
      keys: keys.map((key) => ({
        ...key,
        countersignedBy: countersignaturesOf(key, approverSet).map(({ keyid }) => keyid),
      })),
      cursor: found.length > keys.length && last ? `${last.certifiedAt} ${last.device}` : null,
    };
  }

  /** Checks each signature separately, so that an invalid signature does not block the others. */
  async function countersign(given: readonly Countersignature[], scope: MemberScope): Promise<Countersigned> {
    const approverSet = await settled();
    const keys = new Map((approverSet?.organizationKeys ?? []).map((key) => [key.keyid, key]));
    if (keys.size === 0) {
      throw new CordonError(
        'conflict',
        'The approver set names no organization key. Propose an approver set with one (cordon approvers propose --organization-key) and let approvers sign it.',
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
      if (!key) refuse('not_found', 'No device in your reach has this key. The device has ended or enrolled again.');
      else if (!signer) refuse('approver_unknown', 'The approver set does not name this organization key.');
      else if (!isCountersignature(key.payload, signer, signature))
        refuse('signature_invalid', 'The signature does not match the exact bytes of this certificate.');
      else {
        taken.push(countersigned(key, keyid, signature));
        people.add(key.person);
      }
    }
    if (taken.length > 0) {
      await store.sign(taken);
      // Waits for the ledger, because devices request proofs right after the wake.
      await ledger
        .sequence()
        .catch((error: unknown) => log.error({ err: error }, 'ledger entries wait for the sequencer'));
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
    const entry: EntryDraft<'messaging-key.countersigned'> = {
      kind: 'messaging-key.countersigned',
      at,
      subject: key.device,
      public: { digest: key.digest, keyid },
    };
    return { key, keyid, role: 'organization', signature, entry };
  }

  /**
   * Returns verified devices with their proofs, and the owners of the requested devices. `asker`: the requesting device; null for the
   * server itself. Throws `too_large`, `rate_limited`.
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
    /** Number of keys that wait for a countersignature, and whether an organization key exists. The overview shows both. */
    waiting: async (scope: MemberScope) => {
      const approverSet = await settled();
      return { count: await store.waiting(scope), possible: (approverSet?.organizationKeys.length ?? 0) > 0 };
    },
    stop: unsubscribe,
  };
}

function readCursor(text: string): { certifiedAt: number; device: string } {
  const [, certifiedAt, device] = /^(\d{1,15}) (dev_[a-z2-7]{16})$/.exec(text) ?? [];
  if (certifiedAt !== undefined && device !== undefined) return { certifiedAt: Number(certifiedAt), device };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.', {
    field: 'cursor',
  });
}
