/** Approver sets on the server. An admin proposes a set of registered keys. The set is adopted when enough approvers have signed it. */
import { CordonError } from '../../../shared/errors.ts';
import { type ApproverSet, personsWhoSigned, readApproverSet } from '../../../shared/order/approvers.ts';
import { attestationOf } from '../../../shared/order/attestation.ts';
import { canonicalText } from '../../../shared/order/canonical.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { hasSigned, type Signer } from '../../../shared/order/dsse.ts';
import { pae } from '../../../shared/order/pae.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import { type People, peopleOf } from '../../independence/independence.ts';
import type { ApproverSetRow, ApproverStore } from '../ports.ts';
import type { ActionQueue } from './action-queue.ts';
import type { AdoptedOrders } from './adopted-orders.ts';
import { type ApproverSetProposal, approversOf } from './approver-set-proposal.ts';
import { approverSetEnvelopeOf } from './revision-payload.ts';

export interface ApproverSetView {
  readonly version: number;
  readonly state: ApproverSetRow['state'];
  readonly payload: string;
  readonly digest: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export interface ApproverSets {
  current(): ApproverSet | null;
  version(): number;
  envelopes(): readonly Envelope[];
  view(): Promise<{ readonly current: ApproverSetView | null; readonly pending: ApproverSetView | null }>;
  propose(proposal: ApproverSetProposal): Promise<ApproverSetView>;
  sign(
    signer: PersonId,
    version: number,
    signature: { readonly keyid: string; readonly signature: string },
  ): Promise<ApproverSetView>;
  people(): Promise<People>;
}

/**
 * Number of people who must still sign a new approver set, under the rules of both the previous and the new set. The server counts two
 * people as one if one of them could have used the other's account. Devices do not have this information and count two people
 * (`missingSignatures`).
 */
export function missingPeople(
  envelope: Envelope,
  approverSet: ApproverSet,
  before: ApproverSet | null,
  people: People,
): { readonly before: number; readonly own: number } {
  const missing = (set: ApproverSet) =>
    Math.max(0, set.approvers.threshold - people.independent(personsWhoSigned(envelope, set)).size);
  return { before: before ? missing(before) : 0, own: missing(approverSet) };
}

function view(row: ApproverSetRow): ApproverSetView {
  const { version, payload, signatures } = row;
  return {
    version,
    state: row.state,
    payload,
    digest: readApproverSet(approverSetEnvelopeOf(row)).digest,
    signatures,
  };
}

function checkSigner(
  approverSet: ApproverSet,
  before: ApproverSet | null,
  signer: PersonId,
  keyid: string,
  row: ApproverSetRow,
  sig: string,
  people: People,
): void {
  const set = [approverSet, before].find((each) => each?.persons.has(keyid));
  const key = set?.keys.find((each) => each.keyid === keyid);
  if (!set || !key) {
    throw new CordonError('approver_unknown', 'Neither this approver set nor the one before names this key.', {
      keyid,
    });
  }
  if (!people.isSame(set.persons.get(keyid) ?? '', signer)) {
    throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
  }
  const bytes = pae(PAYLOAD_TYPES.approvers, Buffer.from(row.payload));
  if (hasSigned(key, bytes, Buffer.from(sig, 'base64'))) return;
  throw new CordonError('approval_invalid', 'The signature is not over the exact bytes of this approver set.');
}

export function createApproverSets(ports: {
  readonly store: ApproverStore;
  readonly clock: Clock;
  readonly online: Signer & { readonly publicKey: string };
  readonly installation: string;
  readonly state: AdoptedOrders;
  readonly queue: Pick<ActionQueue, 'run'>;
  /** True if mail is configured. Every approver must then have verified the e-mail address of the account. */
  readonly verifiedOnly: boolean;
  readonly recovering: () => boolean;
}): ApproverSets {
  const { store, clock, online, installation, state, queue, verifiedOnly, recovering } = ports;

  async function views(): ReturnType<ApproverSets['view']> {
    const rows = await store.approverSets();
    const current = rows.findLast((row) => row.state === 'adopted');
    const waiting = rows.findLast((row) => row.state === 'waiting');
    return { current: current ? view(current) : null, pending: waiting ? view(waiting) : null };
  }

  async function propose(proposal: ApproverSetProposal): Promise<ApproverSetView> {
    const [registered, facts] = await Promise.all([store.approverKeys(), store.people()]);
    const approverSet = approversOf(proposal, registered, peopleOf(facts), {
      installation,
      verifiedOnly,
      before: state.approvers.current(),
      online,
      now: clock.now(),
    });
    const payload = canonicalText(approverSet);
    const row: ApproverSetRow = { version: approverSet.version, payload, signatures: [], state: 'waiting' };
    // Before approvers sign the set, reject a set that devices cannot parse.
    readApproverSet(approverSetEnvelopeOf(row));
    await store.proposeApproverSet({ version: approverSet.version, payload });
    return view(row);
  }

  async function sign(
    signer: PersonId,
    version: number,
    { keyid, signature }: { readonly keyid: string; readonly signature: string },
  ): Promise<{ view: ApproverSetView; adopted: boolean }> {
    const row = (await store.approverSets()).find((each) => each.version === version);
    if (!row) throw new CordonError('not_found', `There is no approver set ${version}.`);
    if (row.state !== 'waiting')
      throw new CordonError('revision_superseded', `Approver set ${version} is no longer pending.`);
    const approverSet = readApproverSet(approverSetEnvelopeOf(row));
    const before = state.approvers.current();
    const people = peopleOf(await store.people());
    checkSigner(approverSet, before, signer, keyid, row, signature, people);
    const others = row.signatures.filter((each) => each.keyid !== keyid);
    const signed: ApproverSetRow = { ...row, signatures: [...others, { keyid, sig: signature }] };
    const missing = missingPeople(approverSetEnvelopeOf(signed), approverSet, before, people);
    const { selfAttested, people: named } = attestationOf(approverSet.approvers);
    const adopted = missing.before === 0 && missing.own === 0;
    const particulars = { version, digest: approverSet.digest, selfAttested, verified: named - selfAttested };
    const entry = { kind: 'approvers.adopted', at: clock.now(), subject: null, public: particulars } as const;
    await store.signApproverSet(signed, adopted ? { entry, list: state.publisher.next(approverSet) } : null);
    return { view: view({ ...signed, state: adopted ? 'adopted' : 'waiting' }), adopted };
  }

  return {
    current: state.approvers.current,
    version: () => state.approvers.current()?.approvers.version ?? 0,
    envelopes: state.approvers.envelopes,
    view: views,
    propose: async (proposal) => {
      if (recovering()) {
        throw new CordonError(
          'conflict',
          'The server was restored from a backup, and devices may still bring back a newer approver set. Close the recovery first: cordon recovery close.',
        );
      }
      return queue.run(() => propose(proposal));
    },
    sign: (signer, version, signature) =>
      queue.run(async () => {
        const { view: signed, adopted } = await sign(signer, version, signature);
        if (adopted) {
          await state.load();
          state.publisher.announceChange();
        }
        return signed;
      }),
    people: async () => peopleOf(await store.people()),
  };
}
