/** What the store knows about time: the newest instant that the server wrote, and when it was last seen running. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { ClockStore as ClockPort } from '../clock/clock-watch.ts';
import type { Heartbeat, StartFacts } from '../clock/start-check.ts';
import type { Database } from './database.ts';
import { appendLeaf } from './leaves.ts';
import { getMeta, setMeta } from './meta-store.ts';

const HEARTBEAT = 'clock.heartbeat';

export class ClockStore implements ClockPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Times that the server stamped itself, never those that devices report: a device must not be able to stop a server. */
  async newestTime(): Promise<StartFacts['newest']> {
    const { db } = this.#database;
    const found = await Promise.all([
      db.selectFrom('ledger_leaves').select('at').orderBy('id', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('checkpoints').select('at').orderBy('size', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('order_lists').select('issued_at as at').orderBy('version', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('crls').select('this_update as at').orderBy('number', 'desc').limit(1).executeTakeFirst(),
      db
        .selectFrom('device_presence')
        .select('last_seen_at as at')
        .orderBy('last_seen_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    ]);
    const names = ['a ledger entry', 'a checkpoint', 'an order list', 'a revocation list', "a device's presence"];
    return found.reduce<StartFacts['newest']>((newest, row, index) => {
      if (row === undefined || (newest !== null && newest.at >= row.at)) return newest;
      return { at: row.at, what: names[index] ?? 'a time' };
    }, null);
  }

  async heartbeat(): Promise<Heartbeat | null> {
    const stored = await getMeta(this.#database.db, HEARTBEAT);
    return stored === null ? null : JSON.parse(stored);
  }

  saveHeartbeat(beat: Heartbeat): Promise<void> {
    return setMeta(this.#database.db, HEARTBEAT, JSON.stringify(beat));
  }

  async acceptClock(leaf: LeafDraft<'clock.accepted'>): Promise<void> {
    await this.#database.transaction((tx) => appendLeaf(tx, leaf));
  }
}
