/** Store of a monitor: the verified tree, and reports until they are delivered. Both change in one transaction, so no report is lost. */
import { DatabaseSync } from 'node:sqlite';

export interface VerifiedTree {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Signed checkpoint of the tree. */
  readonly note: string;
  readonly edge: readonly { readonly level: number; readonly position: number; readonly hash: string }[];
}

export interface Report {
  /** Stable identifier. A recipient ignores a report that it has already received. */
  readonly id: string;
  readonly kind: 'entry' | 'alarm';
  readonly at: number;
  readonly subject: string;
  readonly text: string;
  /** Content of the webhook. */
  readonly content: object;
}

export type Channel = 'webhook' | 'mail';

/** Number of delivered reports that the store keeps, to recognize repeated ones. */
const KEPT = 10_000;

export class MonitorStore {
  readonly #db: DatabaseSync;
  readonly #channels: readonly Channel[];

  /** Opens the store. `channels`: channels that must deliver each new report. */
  constructor(file: string, channels: readonly Channel[]) {
    this.#channels = channels;
    this.#db = new DatabaseSync(file, { timeout: 5000 });
    this.#db.exec(`pragma journal_mode = wal; pragma synchronous = full;
      create table if not exists tree (id integer primary key check (id = 1), value text not null) strict;
      create table if not exists reports (number integer primary key, id text not null unique, report text not null,
        webhook integer not null, mail integer not null) strict;`);
  }

  tree(): VerifiedTree | null {
    const row = this.#db.prepare('select value from tree').get();
    if (!row) return null;
    const stored = JSON.parse(String(row['value']));
    return { ...stored, root: Buffer.from(stored.root, 'hex') };
  }

  /** Saves the verified tree, and the reports about it. A report with a known id is not added again. `tree`: null to keep the tree. */
  save(tree: VerifiedTree | null, reports: readonly Report[]): void {
    this.#db.exec('begin immediate');
    try {
      if (tree) {
        const value = JSON.stringify({ ...tree, root: tree.root.toString('hex') });
        this.#db
          .prepare('insert into tree (id, value) values (1, ?) on conflict (id) do update set value = excluded.value')
          .run(value);
      }
      const insert = this.#db.prepare('insert or ignore into reports (id, report, webhook, mail) values (?, ?, ?, ?)');
      const done = (['webhook', 'mail'] as const).map((channel) => Number(!this.#channels.includes(channel)));
      for (const report of reports) insert.run(report.id, JSON.stringify(report), ...done);
      this.#db
        .prepare(
          'delete from reports where webhook = 1 and mail = 1 and number <= (select max(number) from reports) - ?',
        )
        .run(KEPT);
      this.#db.exec('commit');
    } catch (error) {
      this.#db.exec('rollback');
      throw error;
    }
  }

  /** Number of reports that a channel has not delivered. */
  waiting(): number {
    return Number(
      this.#db.prepare('select count(*) as count from reports where webhook = 0 or mail = 0').get()?.['count'],
    );
  }

  /** Oldest reports that the channel has not delivered. */
  undelivered(channel: Channel, limit: number): Report[] {
    const column = channel === 'webhook' ? 'webhook' : 'mail';
    return this.#db
      .prepare(`select report from reports where ${column} = 0 order by number limit ?`)
      .all(limit)
      .map((row) => JSON.parse(String(row['report'])));
  }

  markDelivered(channel: Channel, ids: readonly string[]): void {
    const column = channel === 'webhook' ? 'webhook' : 'mail';
    const update = this.#db.prepare(`update reports set ${column} = 1 where id = ?`);
    for (const id of ids) update.run(id);
  }

  close(): void {
    this.#db.close();
  }
}
