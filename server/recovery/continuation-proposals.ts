/**
 * Continuation of a suspended ledger that lost entries (ADR 39). An owner proposes the continuation, and approvers sign it with their own
 * keys. With enough signatures, the ledger continues under a new name, and its next entry is the signed document.
 */
import { CordonError } from '../../shared/errors.ts';
import { continuedOrigin } from '../../shared/ledger/checkpoint.ts';
import { type NamedTree, parseContinuation } from '../../shared/ledger/continuation.ts';
import { type ApproverSet, personsWhoSigned, readApproverSet } from '../../shared/order/approvers.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type LedgerContinuation, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { hasSigned } from '../../shared/order/dsse.ts';
import { peopleNeededFor } from '../../shared/order/ledger-continuation.ts';
import { pae } from '../../shared/order/pae.ts';
import type { People } from '../independence/independence.ts';
import { type ContinuationRow, type Continuations, continuationEnvelope, numberAt } from './continuations.ts';
import type { RecoveryState } from './recovery-state.ts';
import type { StoredRecovery } from './stored-recovery.ts';

export type SigningPeople = Pick<People, 'independent' | 'isSame'>;

export interface SuspendedLedger {
  readonly origin: string;
  readonly fork: { readonly size: number; readonly root: string };
  readonly reported: NamedTree | null;
  /**
   * True if at least one checkpoint (signed size and hash of the ledger) was reported, and the ledger contains every reported checkpoint. No lost
   * entries are then known, so an admin can resume the ledger under its old name.
   */
  readonly lossless: boolean;
}

export interface ContinuationProposalsPorts {
  readonly installation: string;
  readonly continuations: Continuations;
  readonly suspension: {
    suspended(): string | null;
    forContinuation(note: string | null): Promise<SuspendedLedger>;
  };
  readonly recovery: Pick<StoredRecovery, 'state' | 'replace'>;
  readonly approverSets: () => readonly Envelope[];
  readonly people: () => Promise<SigningPeople>;
  readonly sequence: () => Promise<void>;
  readonly raise: (alert: { readonly device: null; readonly code: string; readonly detail: string }) => Promise<void>;
  readonly now: () => number;
}

export interface ContinuationView {
  readonly state: ContinuationRow['state'];
  readonly payload: string;
  readonly digest: string;
  readonly proposedAt: number;
  readonly proposedBy: string;
  readonly adoptedAt: number | null;
  /**
   * Approvers' signatures on the decision to continue the ledger under a new name. `needed`: number of people who must sign the decision.
   * `signed`: number of people of the newest approver set who have signed. Two people count as one if one of them could have used the
   * other's account.
   */
  readonly signatures: ContinuationRow['signatures'];
  readonly signed: number;
  readonly needed: number;
  /**
   * Reason why approvers can no longer sign the proposed continuation of the ledger. Null if approvers can sign the continuation or have
   * already adopted it.
   */
  readonly outdated: string | null;
}

export function whyOutdated(document: LedgerContinuation, facts: SuspendedLedger, suspended: boolean): string | null {
  if (!suspended) return 'The ledger is no longer suspended.';
  const { fork, origin, reported } = facts;
  if (document.origin !== origin || document.fork.size !== fork.size || document.fork.root !== fork.root) {
    return 'The ledger has changed since the proposal. Propose the continuation again.';
  }
  if (document.reported?.size === reported?.size && document.reported?.root === reported?.root) return null;
  return `A larger ledger was reported since the proposal${reported ? `, of ${reported.size} entries` : ''}. Propose the continuation again, so that approvers sign the known loss.`;
}

export function createContinuationProposals(ports: ContinuationProposalsPorts) {
  const { installation, continuations, suspension, recovery, approverSets, people, raise, sequence, now } = ports;

  async function view(row: ContinuationRow): Promise<ContinuationView> {
    const set = newestSet(approverSets());
    const signed = (await people()).independent(personsWhoSigned(continuationEnvelope(row), set)).size;
    const { payload, digest, proposedAt, proposedBy, adoptedAt, signatures } = row;
    const outdated = row.state === 'adopted' ? null : whyOutdated(read(row), await facts(), isSuspended());
    return {
      state: row.state,
      payload,
      digest,
      proposedAt,
      proposedBy,
      adoptedAt,
      outdated,
      signed,
      signatures,
      needed: peopleNeededFor(set),
    };
  }

  const isSuspended = () => suspension.suspended() !== null;
  const facts = () => suspension.forContinuation(null);

  /**
   * Proposes a continuation: the ledger goes on under a new name. Throws `conflict` unless the ledger is suspended and entries may be lost,
   * `approvers_required` without an approver set, and `checkpoint_invalid` for a checkpoint of another log.
   */
  async function propose(reason: string, note: string | null, account: string): Promise<ContinuationView> {
    if (!isSuspended()) throw new CordonError('conflict', 'The ledger is not suspended. Nothing was changed.');
    newestSet(approverSets());
    const ledger = await suspension.forContinuation(note);
    checkLoss(ledger);
    const row = proposedRow({ installation, ledger, reason, account }, now());
    await continuations.propose(row);
    return await view(row);
  }

  /**
   * Adds a signature, and adopts the continuation when enough people have signed. An adopted continuation accepts further signatures: if
   * the approver set changes later, devices that were offline require signatures by the new set.
   */
  async function sign(signer: string, digest: string, submitted: SubmittedSignature): Promise<ContinuationView> {
    const row = rowOf(continuations.rows(), digest);
    const set = newestSet(approverSets());
    const signers = await people();
    checkSigner(set, row, submitted, signer, signers);
    const others = row.signatures.filter(({ keyid }) => keyid !== submitted.keyid);
    const signed: ContinuationRow = {
      ...row,
      signatures: [...others, { keyid: submitted.keyid, sig: submitted.signature }],
    };
    if (row.state === 'adopted') {
      await continuations.sign(signed);
      return await view(signed);
    }
    const document = read(row);
    const outdated = whyOutdated(document, await facts(), isSuspended());
    if (outdated !== null) throw new CordonError('conflict', outdated);
    const count = signers.independent(personsWhoSigned(continuationEnvelope(signed), set)).size;
    if (count < peopleNeededFor(set)) {
      await continuations.sign(signed);
      return await view(signed);
    }
    return await adopt(signed, document);
  }

  async function adopt(signed: ContinuationRow, document: LedgerContinuation): Promise<ContinuationView> {
    const restored = recovery.state();
    if (!restored) throw new CordonError('conflict', 'This server was not restored.');
    const at = now();
    const { fork, newOrigin, reported, origin } = document;
    const row: ContinuationRow = { ...signed, state: 'adopted', adoptedAt: at };
    const after = continuedState(restored, document, at);
    await continuations.adopt(row, fork.size, after, {
      kind: 'ledger.continued',
      at,
      subject: null,
      public: { ...fork, origin, newOrigin, digest: row.digest, document: row.payload },
    });
    recovery.replace(after);
    const loss = reported
      ? `a ledger of ${reported.size} entries was reported`
      : 'the number of lost entries is unknown';
    const detail = `Approvers continued the public ledger from ${fork.size} entries under the name ${newOrigin}. Before, ${loss}. Devices accept the new name with the signed document and report it.`;
    await raise({ device: null, code: 'ledger_continued', detail });
    await sequence();
    return await view(row);
  }

  return {
    propose,
    sign,
    list: async (): Promise<ContinuationView[]> => await Promise.all(continuations.rows().toReversed().map(view)),
  };
}

/** Row of a new proposal. Throws if devices could not parse the proposed document. The function is pure. */
function proposedRow(
  input: {
    readonly installation: string;
    readonly ledger: SuspendedLedger;
    readonly reason: string;
    readonly account: string;
  },
  at: number,
): ContinuationRow {
  const { installation, reason, account } = input;
  const { origin, fork, reported } = input.ledger;
  const document: LedgerContinuation = {
    installation,
    origin,
    fork,
    reported,
    newOrigin: continuedOrigin(installation, at),
    reason,
    date: new Date(at).toISOString(),
  };
  const payload = canonicalText(document);
  // Parses the document as devices do, before approvers sign it.
  parseContinuation(Buffer.from(payload));
  return {
    number: numberAt(installation, at),
    digest: sha256(Buffer.from(payload)),
    payload,
    signatures: [],
    state: 'waiting',
    proposedAt: at,
    proposedBy: account,
    adoptedAt: null,
  };
}

/** Throws `conflict` if no loss is known, because the ledger can then be resumed, or if the ledger is empty. */
function checkLoss({ lossless, fork }: SuspendedLedger): void {
  if (lossless) {
    throw new CordonError(
      'conflict',
      'Every reported checkpoint is contained in the ledger here, so no loss is known. Resume the ledger instead: cordon recovery resume-ledger. If a saved checkpoint shows a loss, name it with --checkpoint.',
    );
  }
  if (fork.size === 0) throw new CordonError('conflict', 'The ledger has no entries that could continue.');
}

function rowOf(rows: readonly ContinuationRow[], digest: string): ContinuationRow {
  const row = rows.find((each) => each.digest === digest);
  if (row) return row;
  throw new CordonError('not_found', 'There is no such continuation. List them: cordon recovery continue-ledger show.');
}

function continuedState(
  restored: RecoveryState,
  { fork, newOrigin, reported }: LedgerContinuation,
  at: number,
): RecoveryState {
  const continued = { at, ...fork, origin: newOrigin, largestReported: reported?.size ?? null };
  return { ...restored, ledger: 'continued', notContainedSize: 0, notContained: null, continued, reportedLoss: 0 };
}

function newestSet(envelopes: readonly Envelope[]): ApproverSet {
  const envelope = envelopes.at(-1);
  if (!envelope) throw new CordonError('approvers_required', 'There is no approver set yet.');
  return readApproverSet(envelope);
}

/** Throws unless the key belongs to the signer and to the approver set, and the signature is valid. */
function checkSigner(
  set: ApproverSet,
  row: ContinuationRow,
  submitted: SubmittedSignature,
  signer: string,
  people: SigningPeople,
) {
  const { keyid, signature } = submitted;
  const key = set.keys.find((each) => each.keyid === keyid);
  if (!key) {
    const detail = `Approver set ${set.approvers.version} does not name this key. Only its approvers can sign.`;
    throw new CordonError('approver_unknown', detail, { keyid });
  }
  if (!people.isSame(set.persons.get(keyid) ?? '', signer)) {
    throw new CordonError('forbidden', 'This key belongs to another person. Sign with your own.');
  }
  const bytes = pae(PAYLOAD_TYPES.ledgerContinuation, Buffer.from(row.payload));
  if (hasSigned(key, bytes, Buffer.from(signature, 'base64'))) return;
  throw new CordonError('approval_invalid', 'The signature does not match the exact bytes of this continuation.');
}

interface SubmittedSignature {
  readonly keyid: string;
  readonly signature: string;
}

const read = ({ payload }: ContinuationRow): LedgerContinuation => parseContinuation(Buffer.from(payload));
