/** The root of approvers on the server: proposed from registered keys, signed by approvers, adopted when enough of them have. */
import { CordonError } from '../../shared/errors.ts';
import { personsWhoSigned, type Root, readRoot } from '../../shared/order/approvers.ts';
import { attestationOf } from '../../shared/order/attestation.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { type Approvers, type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { readPublicKey, type Signer, verifySignature } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { type People, peopleOf } from './independence.ts';
import { type OrderState, rootEnvelopeOf } from './order-state.ts';
import type { OrderStore, RootRow } from './ports.ts';

export interface RootView {
  readonly version: number;
  readonly state: RootRow['state'];
  /** The exact text that is signed. */
  readonly payload: string;
  readonly digest: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export interface RootProposal {
  readonly threshold: number;
  readonly keyids: readonly string[];
  /** Public keys in base64; left out, those of the root in force stay. */
  readonly organisationKeys?: readonly string[] | undefined;
}

/** Throws `same_person` unless `threshold` of these people are independent of one another. */
function requireIndependent(persons: readonly string[], threshold: number, people: People): void {
  const enough = people.independent(persons).size;
  if (enough >= threshold) return;
  const distinct = [...new Set(persons)];
  const reasons = distinct.flatMap((a, at) => distinct.slice(at + 1).flatMap((b) => people.relation(a, b) ?? []));
  const why = reasons.length > 0 ? ` ${reasons.slice(0, 3).join(' ')} The two count as one.` : '';
  throw new CordonError(
    'same_person',
    `These keys belong to ${enough} independent ${enough === 1 ? 'person' : 'people'}, and ${threshold} must approve.${why} Add an approver whose account another person created.`,
    { independent: enough, threshold },
  );
}

/**
 * How many people are missing: under the approver set before, and under this one itself. As `missingSignatures`, which devices apply, but people who
 * count as one are counted once.
 */
export function missingPeople(
  envelope: Envelope,
  root: Root,
  before: Root | null,
  people: People,
): { readonly before: number; readonly own: number } {
  const missing = (judge: Root) =>
    Math.max(0, judge.approvers.threshold - people.independent(personsWhoSigned(envelope, judge)).size);
  return { before: before ? missing(before) : 0, own: missing(root) };
}

export function createRoots(ports: {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly online: Signer & { readonly publicKey: string };
  readonly installation: string;
  readonly state: OrderState;
}) {
  const { store, clock, online, installation, state } = ports;

  function view(row: RootRow): RootView {
    const { version, payload, signatures } = row;
    return { version, state: row.state, payload, digest: readRoot(rootEnvelopeOf(row)).digest, signatures };
  }

  async function approvers(): Promise<{ current: RootView | null; waiting: RootView | null }> {
    const rows = await store.roots();
    const current = rows.findLast((row) => row.state === 'adopted');
    const waiting = rows.findLast((row) => row.state === 'waiting');
    return { current: current ? view(current) : null, waiting: waiting ? view(waiting) : null };
  }

  async function propose(given: RootProposal): Promise<RootView> {
    const [registered, facts] = await Promise.all([store.approverKeys(), store.people()]);
    const people = peopleOf(facts);
    const named = [...new Set(given.keyids)].sort().map((keyid) => {
      const key = registered.get(keyid);
      if (!key) throw new CordonError('approver_unknown', `Nobody has registered key ${keyid}.`, { keyid });
      if (key.active) return { person: people.canonical(key.person), keyid, publicKey: key.publicKey };
      const detail = `The account that registered key ${keyid} is disabled. Enable the account, or leave the key out.`;
      throw new CordonError('approver_unknown', detail, { keyid });
    });
    requireIndependent(
      named.map(({ person }) => person),
      given.threshold,
      people,
    );
    const before = state.root();
    const organisationKeys =
      given.organisationKeys?.map((publicKey) => ({ keyid: readPublicKey(publicKey).keyid, publicKey })) ??
      before?.approvers.organisationKeys ??
      [];
    const root: Approvers = {
      installation,
      version: (before?.approvers.version ?? 0) + 1,
      previous: before?.digest ?? null,
      threshold: given.threshold,
      approvers: named,
      onlineKeys: [{ keyid: online.keyid, publicKey: online.publicKey }],
      ...(organisationKeys.length > 0 && { organisationKeys }),
      issuedAt: new Date(clock.now()).toISOString(),
    };
    const payload = canonicalText(root);
    const row: RootRow = { version: root.version, payload, signatures: [], state: 'waiting' };
    // Read as a device would before anybody is asked to sign it.
    readRoot(rootEnvelopeOf(row));
    await store.proposeRoot({ version: root.version, payload, proposedAt: clock.now() });
    return view(row);
  }

  function checkSigner(
    root: Root,
    before: Root | null,
    signer: PersonId,
    keyid: string,
    row: RootRow,
    sig: string,
    people: People,
  ): void {
    const judge = [root, before].find((each) => each?.persons.has(keyid));
    const key = judge?.keys.find((each) => each.keyid === keyid);
    if (!judge || !key) {
      throw new CordonError('approver_unknown', 'Neither this root nor the one before names this key.', { keyid });
    }
    if (people.canonical(judge.persons.get(keyid) ?? '') !== signer) {
      throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
    }
    const bytes = pae(PAYLOAD_TYPES.approvers, Buffer.from(row.payload));
    if (verifySignature(key.key, bytes, Buffer.from(sig, 'base64'))) return;
    throw new CordonError('approval_invalid', 'The signature is not over the exact bytes of this root.');
  }

  async function sign(
    signer: PersonId,
    version: number,
    { keyid, signature }: { readonly keyid: string; readonly signature: string },
  ): Promise<{ view: RootView; adopted: boolean }> {
    const row = (await store.roots()).find((each) => each.version === version);
    if (!row) throw new CordonError('not_found', `There is no root ${version}.`);
    if (row.state !== 'waiting') throw new CordonError('revision_superseded', `Root ${version} is no longer waiting.`);
    const root = readRoot(rootEnvelopeOf(row));
    const before = state.root();
    const people = peopleOf(await store.people());
    checkSigner(root, before, signer, keyid, row, signature, people);
    const others = row.signatures.filter((each) => each.keyid !== keyid);
    const signed: RootRow = { ...row, signatures: [...others, { keyid, sig: signature }] };
    const missing = missingPeople(rootEnvelopeOf(signed), root, before, people);
    const adopted = missing.before === 0 && missing.own === 0;
    await store.signRoot(
      signed,
      adopted
        ? {
            leaf: {
              kind: 'approvers.adopted',
              at: clock.now(),
              subject: null,
              public: { version, digest: root.digest, selfAttested: attestationOf(root.approvers).selfAttested },
            },
            list: state.nextList(root),
          }
        : null,
    );
    return { view: view({ ...signed, state: adopted ? 'adopted' : 'waiting' }), adopted };
  }

  return { approvers, propose, sign };
}
