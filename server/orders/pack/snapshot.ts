/**
 * An order and all that the ledger has of it, as of one tree. A pack is read by whoever takes it, for minutes perhaps, and meanwhile devices answer, exits
 * end them and people decide: what its documents say and what its leaves say must be of the same moment.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { keepsParticulars, openParticulars } from '../../../shared/ledger/kept-particulars.ts';
import { type Leaf, leafSchema, type Opening } from '../../../shared/ledger/leaf.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import type { Envelope } from '../../../shared/order/documents.ts';
import type { Ledger, StoredCheckpoint } from '../../ledger/ledger.ts';
import type { OrderStore, RevisionRow } from '../ports.ts';

const PAGE = 1000;

export interface PackLeaf {
  readonly index: number;
  readonly body: string;
  /** Of an `order.executed` that commits to something; null of every other. */
  readonly opening: Opening | null;
}

/** A leaf about the order. */
export interface Found {
  readonly index: number;
  readonly leaf: Leaf;
  readonly particulars: Leaf['public'];
  readonly opening: Opening | null;
}

export interface LeafStore {
  /** Leaves about orders, their lists and their approvers, from this index on, in the ledger's order. */
  orderLeaves(from: number, limit: number): Promise<PackLeaf[]>;
}

export interface Snapshot {
  readonly revisions: readonly RevisionRow[];
  /** Adopted, oldest first. */
  readonly roots: readonly Envelope[];
  /** Those of the tree that are about the order, the lists in which its revisions first stood, or its approvers. */
  readonly leaves: readonly Found[];
  /** The tree. */
  readonly checkpoint: StoredCheckpoint;
}

export async function takeSnapshot(
  order: string,
  ports: {
    readonly store: LeafStore;
    readonly orders: Pick<OrderStore, 'revisions'>;
    readonly roots: () => readonly Envelope[];
    readonly ledger: Pick<Ledger, 'sequence' | 'checkpoint'>;
  },
): Promise<Snapshot> {
  const { store, orders, roots, ledger } = ports;
  const documents = async () => ({ revisions: await orders.revisions(order), roots: [...roots()] });
  for (;;) {
    const before = await documents();
    // A change commits with its leaf: what was read has all of its leaves in the tree that comes now, and what is the same afterwards has no others.
    await ledger.sequence();
    const note = await ledger.checkpoint();
    // Its second line (C2SP tlog-checkpoint).
    const checkpoint = { note, size: Number(note.split('\n')[1]) };
    const lists = new Set(before.revisions.flatMap(({ listedIn }) => listedIn ?? []));
    const leaves = await leavesAbout(order, lists, checkpoint.size, store);
    if (isDeepStrictEqual(before, await documents())) return { ...before, leaves, checkpoint };
  }
}

async function leavesAbout(
  order: string,
  lists: ReadonlySet<number>,
  size: number,
  store: LeafStore,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let from = 0; ; ) {
    const page = await store.orderLeaves(from, PAGE);
    for (const { index, body, opening: stored } of page) {
      if (index >= size) return found;
      const leaf = parseDocument(leafSchema, Buffer.from(body));
      const opening = keepsParticulars(leaf) ? stored : null;
      const particulars = opening ? openParticulars(leaf, opening) : leaf.public;
      const { order: about, version } = particulars;
      const listed = leaf.kind === 'order.list' && lists.has(Number(version));
      if (about === order || listed || leaf.kind === 'approvers.adopted') {
        found.push({ index, leaf, particulars, opening });
      }
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return found;
    from = last.index + 1;
    await turn();
  }
}
