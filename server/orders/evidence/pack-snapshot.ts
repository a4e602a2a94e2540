/**
 * Snapshot of an order and its ledger entries at one size of the ledger. Writing an evidence pack can take minutes, while devices and
 * admins continue to act. Therefore all documents and ledger entries of a pack must come from the same moment.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { entrySchema, type LedgerEntry, type Opening } from '../../../shared/ledger/ledger-entry.ts';
import { openParticulars, withholdsParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import type { Envelope } from '../../../shared/order/documents.ts';
import type { Ledger, ProvedContinuation, StoredCheckpoint } from '../../ledger/ledger.ts';
import type { StoredLocationChange } from '../impact/location-statements.ts';
import type { OrderStore, RevisionRow } from '../ports.ts';
import type { ProceedingRow, ProceedingStore } from './proceedings.ts';

const PAGE = 1000;
/** Maximum number of location changes in an evidence pack. If there are more, the pack contains the newest ones. */
const MOST_LOCATIONS = 100_000;
/**
 * Kinds of ledger entries that every evidence pack contains. Entries about restores explain missing entries, and entries about time
 * corrections explain times that run backward.
 */
const ALWAYS: ReadonlySet<LedgerEntry['kind']> = new Set(['approvers.adopted', 'server.restored', 'time.corrected']);

export interface PackEntry {
  readonly index: number;
  readonly body: string;
  /**
   * Salt and details with which a reader verifies a ledger entry that hides its details from the public (`withheld-particulars.ts`); null for
   * all other entries.
   */
  readonly opening: Opening | null;
}

export interface Found {
  readonly index: number;
  readonly entry: LedgerEntry;
  readonly particulars: LedgerEntry['public'];
  readonly opening: Opening | null;
}

export interface EntryStore {
  /** Ledger entries about orders, order lists and approver sets from index `from`, sorted by index. */
  orderEntries(from: number, limit: number): Promise<PackEntry[]>;
  locationChanges(order: string, limit: number): Promise<StoredLocationChange[]>;
}

export interface Snapshot {
  readonly revisions: readonly RevisionRow[];
  readonly proceedings: readonly ProceedingRow[];
  readonly approverSets: readonly Envelope[];
  /**
   * Ledger entries about an order, its order lists, approver sets, restores and time corrections. The entry of the newest order list is
   * always included. It shows auditors which older lists may be absent, because the server keeps only a fixed number of lists.
   */
  readonly entries: readonly Found[];
  /** Continuations, which rename the ledger after a loss of entries. Their ledger entries are in `entries`. */
  readonly continuations: readonly Envelope[];
  /**
   * Admins' location changes of devices that concern an order, sorted by the index of their ledger entry. Changes whose ledger entry has no
   * index yet are absent.
   */
  readonly locations: readonly StoredLocationChange[];
  readonly checkpoint: StoredCheckpoint;
}

export async function takeSnapshot(
  order: string,
  ports: {
    readonly store: EntryStore;
    readonly orders: Pick<OrderStore, 'revisions'>;
    readonly proceedings: Pick<ProceedingStore, 'proceedings'>;
    readonly approverSets: () => readonly Envelope[];
    readonly ledger: Pick<Ledger, 'sequence' | 'checkpoint' | 'proveContinuations'>;
  },
): Promise<Snapshot> {
  const { store, orders, proceedings, approverSets, ledger } = ports;
  const documents = async () => ({
    revisions: await orders.revisions(order),
    proceedings: await proceedings.proceedings(order),
    approverSets: [...approverSets()],
  });
  for (;;) {
    const before = await documents();
    // A change and its ledger entry are committed together. If the documents are the same before and after the ledger entries are read, the
    // tree contains exactly the entries of these documents.
    await ledger.sequence();
    const note = await ledger.checkpoint();
    // The second line of a checkpoint is the tree size (C2SP tlog-checkpoint).
    const checkpoint = { note, size: Number(note.split('\n')[1]) };
    const lists = new Set(before.revisions.flatMap(({ listedIn }) => listedIn ?? []));
    const proved = await ledger.proveContinuations(checkpoint.size);
    const about = await entriesAbout(order, lists, checkpoint.size, store);
    const locations = (await store.locationChanges(order, MOST_LOCATIONS))
      .filter(({ index }) => index !== null && index < checkpoint.size)
      .reverse();
    const others = [...proved.map(foundContinuation), ...locations.map(foundLocation)];
    const entries = [...about, ...others].sort((one, other) => one.index - other.index);
    const continuations = proved.map(({ envelope }) => envelope);
    if (isDeepStrictEqual(before, await documents())) {
      return { ...before, entries, continuations, locations, checkpoint };
    }
  }
}

function foundContinuation({ index, body }: ProvedContinuation): Found {
  const entry = parseDocument(entrySchema, body);
  return { index, entry, particulars: entry.public, opening: null };
}

function foundLocation({ index, entry: body }: StoredLocationChange): Found {
  const entry = parseDocument(entrySchema, Buffer.from(body));
  return { index: index ?? 0, entry, particulars: entry.public, opening: null };
}

async function entriesAbout(
  order: string,
  lists: ReadonlySet<number>,
  size: number,
  store: EntryStore,
): Promise<Found[]> {
  const found: Found[] = [];
  let newestList: Found | null = null;
  const all = () =>
    newestList === null || found.includes(newestList)
      ? found
      : [...found, newestList].sort((one, other) => one.index - other.index);
  for (let from = 0; ; ) {
    const page = await store.orderEntries(from, PAGE);
    for (const { index, body, opening: stored } of page) {
      if (index >= size) return all();
      const entry = parseDocument(entrySchema, Buffer.from(body));
      const opening = withholdsParticulars(entry) ? stored : null;
      const particulars = opening ? openParticulars(entry, opening) : entry.public;
      const { order: about, version } = particulars;
      const listed = entry.kind === 'order.list' && lists.has(Number(version));
      const one = { index, entry, particulars, opening };
      if (about === order || listed || ALWAYS.has(entry.kind)) found.push(one);
      if (entry.kind === 'order.list') newestList = one;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return all();
    from = last.index + 1;
    await turn();
  }
}
