/**
 * History of an order from the ledger entries of an evidence pack. The server writes the summary page from it, and the verifier writes the
 * page again from verified entries. All times are the times of ledger entries.
 */
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import type { Revision } from '../order/documents.ts';
import type { Instant } from '../time/clock.ts';

/**
 * Ledger entry with its details (`particulars`). The public entry of a withheld order omits the details, but an evidence pack can contain
 * them.
 */
export interface Entry {
  readonly entry: LedgerEntry;
  readonly particulars: LedgerEntry['public'];
}

export interface SignedRevision {
  readonly number: number;
  /** SHA-256 of the revision's payload. */
  readonly digest: string;
  readonly payload: string;
  readonly document: Pick<Revision, 'action' | 'proposer' | 'proposedAt'>;
  /** Key identifiers of the signatures, in the sequence of the envelope. */
  readonly keyids: readonly string[];
}

export interface RevisionHistory extends Omit<SignedRevision, 'keyids' | 'digest'> {
  /**
   * Approvals of the revision. `person` is null if no approver set in the evidence pack contains the approver's key. `at` is null if the
   * ledger has no entry about the approval.
   */
  readonly approvals: readonly {
    readonly keyid: string;
    readonly person: string | null;
    readonly at: Instant | null;
  }[];
  /** Time at which the revision was adopted (got enough approvals); null if the evidence pack has no ledger entry about the adoption. */
  readonly adoptedAt: Instant | null;
}

/** Returns the history of an order's revisions. `entries` must be in ledger order. `persons` names the person of each approver's key. */
export function historyOf(
  revisions: readonly SignedRevision[],
  entries: readonly Entry[],
  persons: ReadonlyMap<string, string>,
): RevisionHistory[] {
  const byDigest = Map.groupBy(entries, ({ particulars }) => particulars['digest'] ?? null);
  return revisions.map(({ number, digest, payload, document, keyids }) => {
    const about = (byDigest.get(digest) ?? []).filter(({ particulars }) => particulars['revision'] === number);
    const approved = new Map<unknown, Instant>();
    for (const { entry, particulars } of about) {
      const { keyid } = particulars;
      if (entry.kind === 'order.approval' && !approved.has(keyid)) approved.set(keyid, entry.at);
    }
    return {
      number,
      payload,
      document,
      approvals: keyids.map((keyid) => ({
        keyid,
        person: persons.get(keyid) ?? null,
        at: approved.get(keyid) ?? null,
      })),
      adoptedAt: about.find(({ entry }) => entry.kind === 'order.adopted')?.entry.at ?? null,
    };
  });
}

export interface EffectChange {
  readonly state: 'active' | 'inactive';
  readonly revision: number;
  readonly at: Instant;
}

/** Returns the start or end of an order that a ledger entry records; null for other entries, such as the end of one device's enrollment. */
export function effectChangeOf(order: string, { entry, particulars }: Entry): EffectChange | null {
  if (entry.kind !== 'order.executed' || particulars['order'] !== order) return null;
  const { state, revision } = particulars;
  if (state !== 'active' && state !== 'inactive') return null;
  return { state, revision: Number(revision), at: entry.at };
}
