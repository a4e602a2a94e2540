/**
 * Tables of the mail queue in SQLite. With WAL and synchronous=FULL, a committed change survives a crash and a power failure. Addresses and
 * headers are encrypted (`queue-key.ts`). Messages are in files of their own.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Statements } from '../store/statements.ts';

/**
 * - `mail`: a message. `kind`: `inbound` to devices of people, `outbound` to the company's mail server. `number` is the order of arrival.
 *   `keep`: 1 if its content is needed until its last delivery has ended.
 * - `delivery`: one recipient of a message. `lane`: person of an inbound delivery; the deliveries of one lane keep their order.
 *   A status notification for the outside has the lane `notification`.
 *   The lane of a `late` delivery is its device.
 *   `sealed`: id of the sealed mail of the current attempt. `state`: `waiting` for an attempt, `handed` to the server, or
 *   `unreadable`: set aside until `next_at`, because the key cannot decrypt the message.
 * - `copy`: one device of a handed delivery. `state`: `pending`, `delivered`, or the reason of a failure.
 * - `seen`: names of messages that the queue has accepted, so that a repeated message is stored once.
 * - `setting`: values of the whole queue.
 */
const SCHEMA = `
create table if not exists mail (
  number integer primary key autoincrement, id text not null unique, kind text not null, at integer not null, size integer not null,
  keep integer not null, envelope blob not null
);
create table if not exists delivery (
  mail text not null, recipient integer not null, kind text not null, number integer not null, lane text not null, state text not null,
  attempts integer not null, next_at integer not null, sealed text,
  primary key (mail, recipient)
) without rowid;
create index if not exists delivery_due on delivery (kind, state, number);
create index if not exists delivery_lane on delivery (kind, state, lane, number, next_at);
create unique index if not exists delivery_sealed on delivery (sealed) where sealed is not null;
create table if not exists copy (
  sealed text not null, device text not null, state text not null, denial blob,
  primary key (sealed, device)
) without rowid;
create table if not exists seen (name text primary key, at integer not null) without rowid;
create index if not exists seen_at on seen (at);
create table if not exists setting (name text primary key, value text not null) without rowid;
`;

/**
 * Kind of a queued message. `inbound` and `outbound`: direction of the mail. `unverified`: a sealed mail of a device that the connector
 * could not verify yet. `late`: a message for one device whose queue was full when another device of the person got the message.
 */
export type MailKind = 'inbound' | 'outbound' | 'unverified' | 'late';
export type CopyState = 'pending' | 'delivered' | 'returned' | 'expired' | 'ended';

export interface MailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly at: number;
  readonly size: number;
  readonly keep: boolean;
  readonly envelope: Uint8Array;
}

export interface DeliveryRow {
  readonly mail: string;
  readonly recipient: number;
  readonly number: number;
  readonly lane: string;
  readonly state: 'waiting' | 'handed' | 'unreadable';
  readonly attempts: number;
  readonly nextAt: number;
  readonly sealed: string | null;
}

export interface CopyRow {
  readonly device: string;
  readonly state: CopyState;
  readonly denial: Uint8Array | null;
}

const text = (value: unknown): string => String(value);
const whole = (value: unknown): number => Number(value);
const bytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());

export const NOTIFICATION_LANE = 'notification';
const HAS_CONTENT = `(keep = 1 or exists (select 1 from delivery where delivery.mail = mail.id and state <> 'handed'))`;
const COLUMNS = 'mail, recipient, number, lane, state, attempts, next_at, sealed';
const deliveryOf = (row: Record<string, unknown>): DeliveryRow => ({
  mail: text(row['mail']),
  recipient: whole(row['recipient']),
  number: whole(row['number']),
  lane: text(row['lane']),
  state: row['state'] === 'handed' || row['state'] === 'unreadable' ? row['state'] : 'waiting',
  attempts: whole(row['attempts']),
  nextAt: whole(row['next_at']),
  sealed: row['sealed'] === null ? null : text(row['sealed']),
});

export function openQueueRows(file: string) {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { timeout: 5000 });
  try {
    db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on; ${SCHEMA}`);
  } catch (error) {
    db.close();
    throw error;
  }
  const sql = new Statements(db);
  const one = (query: string, ...values: (string | number | null)[]): Record<string, unknown> | undefined =>
    sql.all(query, ...values)[0];

  return {
    transaction: <T>(work: () => T): T => sql.transaction(work),
    close: () => db.close(),

    insert({ id, kind, at, size, keep, envelope }: MailRow, lanes: readonly string[]): void {
      sql.run(
        'insert into mail (id, kind, at, size, keep, envelope) values (?, ?, ?, ?, ?, ?)',
        ...[id, kind, at, size, keep ? 1 : 0, envelope],
      );
      const number = whole(one('select number from mail where id = ?', id)?.['number']);
      for (const [recipient, lane] of lanes.entries()) {
        sql.run(
          `insert into delivery (${COLUMNS}, kind) values (?, ?, ?, ?, 'waiting', 0, ?, null, ?)`,
          ...[id, recipient, number, lane, at, kind],
        );
      }
    },
    /** Stores the name. Returns false if the name exists already. */
    markSeen: (name: string, at: number): boolean =>
      sql.run('insert into seen (name, at) values (?, ?) on conflict do nothing', name, at) > 0,
    isSeen: (name: string): boolean => one('select 1 from seen where name = ?', name) !== undefined,
    /** Time at which the name was seen last; null if the name is unknown. */
    seenAt(name: string): number | null {
      const row = one('select at from seen where name = ?', name);
      return row ? whole(row['at']) : null;
    },
    saveSeen: (name: string, at: number): number =>
      sql.run('insert or replace into seen (name, at) values (?, ?)', name, at),
    forgetSeen: (before: number): number => sql.run('delete from seen where at < ?', before),

    setting(name: string): string | null {
      const row = one('select value from setting where name = ?', name);
      return row ? text(row['value']) : null;
    },
    saveSetting: (name: string, value: string): number =>
      sql.run('insert or replace into setting (name, value) values (?, ?)', name, value),

    mail(id: string): MailRow | null {
      const row = one('select id, kind, at, size, keep, envelope from mail where id = ?', id);
      if (!row) return null;
      return {
        id,
        kind: kindOf(row['kind']),
        at: whole(row['at']),
        size: whole(row['size']),
        keep: row['keep'] === 1,
        envelope: bytes(row['envelope']),
      };
    },
    /** Ids of messages whose content a delivery still needs. */
    withContent: (): string[] => sql.all(`select id from mail where ${HAS_CONTENT}`).map((row) => text(row['id'])),
    needsContent: (mail: string): boolean =>
      one(`select 1 from mail where id = ? and ${HAS_CONTENT}`, mail) !== undefined,
    /** Messages whose content the queue still has. `kind`: null for messages of all kinds. */
    usage(kind: MailKind | null): { readonly count: number; readonly bytes: number } {
      const row = one(
        `select count(*) as count, coalesce(sum(size), 0) as bytes from mail where (? is null or kind = ?) and ${HAS_CONTENT}`,
        ...[kind ?? null, kind ?? null],
      );
      return { count: whole(row?.['count']), bytes: whole(row?.['bytes']) };
    },
    counts(): Record<string, number> {
      const rows = sql.all('select kind, state, count(*) as count from delivery group by kind, state');
      return Object.fromEntries(rows.map((row) => [`${row['kind']} ${row['state']}`, whole(row['count'])]));
    },

    /**
     * Deliveries whose next attempt is due, oldest first. `inLanes`: a delivery also waits for every earlier one of its lane. One person
     * whose devices are away must not delay the mail of others.
     */
    due(kind: MailKind, now: number, limit: number, inLanes: boolean): DeliveryRow[] {
      const blocked = inLanes
        ? `and not exists (select 1 from delivery as earlier where earlier.kind = delivery.kind and earlier.state = 'waiting'
             and earlier.lane = delivery.lane and earlier.number < delivery.number and earlier.next_at > ?)`
        : '';
      return sql
        .all(
          `select ${COLUMNS} from delivery where kind = ? and state = 'waiting' and next_at <= ? ${blocked}
           order by number, recipient limit ?`,
          ...[kind, now, ...(inLanes ? [now] : []), limit],
        )
        .map(deliveryOf);
    },
    /** Status notifications for the outside whose next attempt is due, oldest first. */
    dueNotifications: (now: number, limit: number): DeliveryRow[] =>
      sql
        .all(
          `select ${COLUMNS} from delivery where kind = 'outbound' and state = 'waiting' and lane = '${NOTIFICATION_LANE}'
           and next_at <= ? order by number, recipient limit ?`,
          ...[now, limit],
        )
        .map(deliveryOf),
    /** Time of the next attempt after `now`; null if none is planned. */
    nextDue(kind: MailKind, now: number): number | null {
      const row = one(
        `select min(next_at) as next from delivery where kind = ? and state = 'waiting' and next_at > ?`,
        ...[kind, now],
      );
      return row?.['next'] == null ? null : whole(row['next']);
    },
    delivery(mail: string, recipient: number): DeliveryRow | null {
      const row = one(`select ${COLUMNS} from delivery where mail = ? and recipient = ?`, mail, recipient);
      return row ? deliveryOf(row) : null;
    },
    /** Deliveries that the server accepted, of messages that arrived before the given time. */
    handedBefore: (at: number): DeliveryRow[] =>
      sql
        .all(
          `select ${COLUMNS} from delivery where state = 'handed' and mail in (select id from mail where at < ?) limit 10000`,
          at,
        )
        .map(deliveryOf),
    bySealed(sealed: string): DeliveryRow | null {
      const row = one(`select ${COLUMNS} from delivery where sealed = ?`, sealed);
      return row ? deliveryOf(row) : null;
    },
    assignSealed: (mail: string, recipient: number, sealed: string | null): number =>
      sql.run('update delivery set sealed = ? where mail = ? and recipient = ?', sealed, mail, recipient),
    retry: (mail: string, recipient: number, attempts: number, nextAt: number): number =>
      sql.run(
        'update delivery set attempts = ?, next_at = ? where mail = ? and recipient = ?',
        ...[attempts, nextAt, mail, recipient],
      ),
    markHanded: (mail: string, recipient: number): number =>
      sql.run(`update delivery set state = 'handed' where mail = ? and recipient = ?`, mail, recipient),
    /** Sets an unreadable delivery aside. `until`: time at which the queue deletes the delivery. */
    setAside: (mail: string, recipient: number, until: number): number =>
      sql.run(
        `update delivery set state = 'unreadable', next_at = ? where mail = ? and recipient = ?`,
        ...[until, mail, recipient],
      ),
    /** Unreadable deliveries whose storage time has ended at `now`. */
    setAsideUntil: (now: number): DeliveryRow[] =>
      sql
        .all(`select ${COLUMNS} from delivery where state = 'unreadable' and next_at <= ? limit 10000`, now)
        .map(deliveryOf),
    deleteAll(): void {
      sql.transaction(() => {
        for (const table of ['mail', 'delivery', 'copy', 'seen']) sql.run(`delete from ${table}`);
      });
    },
    saveCopy: (sealed: string, { device, state, denial }: CopyRow): number =>
      sql.run(
        `insert into copy (sealed, device, state, denial) values (?, ?, ?, ?)
         on conflict (sealed, device) do update set state = excluded.state, denial = excluded.denial where copy.state = 'pending'`,
        ...[sealed, device, state, denial],
      ),
    copies: (sealed: string): CopyRow[] =>
      sql.all('select device, state, denial from copy where sealed = ? order by device', sealed).map((row) => ({
        device: text(row['device']),
        state: copyState(row['state']),
        denial: row['denial'] === null ? null : bytes(row['denial']),
      })),
    forgetCopies: (sealed: string): number => sql.run('delete from copy where sealed = ?', sealed),
    /** Ends one delivery. Returns true if it was the last of its message, which is then deleted too. */
    end(mail: string, recipient: number): boolean {
      sql.run('delete from delivery where mail = ? and recipient = ?', mail, recipient);
      if (one('select 1 from delivery where mail = ? limit 1', mail) !== undefined) return false;
      return sql.run('delete from mail where id = ?', mail) > 0;
    },
  };
}

const KINDS: ReadonlySet<string> = new Set(['inbound', 'outbound', 'unverified', 'late']);
function kindOf(value: unknown): MailKind {
  const kind = String(value);
  if (!KINDS.has(kind)) throw new Error(`unknown kind of mail: ${kind}`);
  return kind as MailKind;
}

const STATES: ReadonlySet<string> = new Set(['pending', 'delivered', 'returned', 'expired', 'ended']);
function copyState(value: unknown): CopyState {
  const state = String(value);
  if (!STATES.has(state)) throw new Error(`unknown state of a copy: ${state}`);
  return state as CopyState;
}
