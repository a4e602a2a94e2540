/** Rows of one device's mail. The caller has already encrypted the content with the vault's key. */
import { mailKeyStatementSchema } from '../../shared/protocol/mail-http.ts';
import { MAIL_FOLDERS } from '../mail/mail.ts';
import type { MailKeyStore, StoredMailKey } from '../mail/mail-keys.ts';
import type { ListedMail, MailStore } from '../mail/mail-store.ts';
import type { DeviceRows } from './device-rows.ts';
import { bytes, bytesOrNull } from './row-values.ts';
import { MAIL_TABLES } from './schema.ts';

/** Number of mail ids that the device remembers. The server's queue of one device is much shorter. */
const REMEMBERED = 50_000;

type Row = Record<string, unknown>;

export const mailRows = (rows: DeviceRows): MailStore => ({
  transaction: (work) => rows.transaction(work),
  ...keyRows(rows),
  ...listRows(rows),
  ...memoryRows(rows),
  mailValue(name) {
    const [row] = rows.all('select value from mail_value where device = ? and name = ?', name);
    return row ? bytes(row.value) : null;
  },
  saveMailValue(name, value) {
    rows.run('insert or replace into mail_value (device, name, value) values (?, ?, ?)', name, value);
  },
  forgetMail() {
    rows.transaction(() => {
      for (const table of MAIL_TABLES) rows.run(`delete from ${table} where device = ?`);
    });
    rows.sql.emptyLog(true);
  },
  hasMail: () => MAIL_TABLES.some((table) => rows.all(`select 1 from ${table} where device = ? limit 1`).length > 0),
});

function keyRows(rows: DeviceRows): MailKeyStore {
  const nameOf = (generation: number) => `mail-key-number ${generation}`;
  const last = (generation: number) => rows.value<number>(nameOf(generation)) ?? 0;
  return {
    mailKeys() {
      const found = rows.all('select * from mail_key where device = ? order by generation, number');
      return found.map(
        (row): StoredMailKey => ({
          generation: Number(row.generation),
          number: Number(row.number),
          createdAt: Number(row.created_at),
          statement: mailKeyStatementSchema.parse(JSON.parse(String(row.statement))),
          privateKey: bytes(row.private_key),
          published: Number(row.published) === 1,
        }),
      );
    },
    saveMailKey({ generation, number, createdAt, statement, privateKey, published }) {
      rows.transaction(() => {
        rows.run(
          `insert or replace into mail_key (device, generation, number, created_at, statement, private_key, published)
           values (?, ?, ?, ?, ?, ?, ?)`,
          ...[generation, number, createdAt, JSON.stringify(statement), privateKey, published ? 1 : 0],
        );
        rows.saveValue(nameOf(generation), Math.max(number, last(generation)));
      });
    },
    removeMailKey(generation, number) {
      rows.run('delete from mail_key where device = ? and generation = ? and number = ?', generation, number);
      rows.sql.emptyLog(true);
    },
    lastMailKeyNumber: last,
  };
}

function listRows(rows: DeviceRows) {
  const select = 'select number, id, folder, unread, transport, due, summary, body_text from mail where device = ?';
  const one = (found: Row[]): ListedMail | null => (found[0] ? mailOf(found[0]) : null);
  return {
    saveMail({ id, folder, unread, transport, due, summary, text }) {
      rows.run(
        `insert into mail (device, id, folder, unread, transport, due, summary, body_text) values (?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (device, id) do update set folder = excluded.folder, unread = excluded.unread,
           transport = excluded.transport, due = excluded.due, summary = excluded.summary, body_text = excluded.body_text`,
        ...[id, folder, unread ? 1 : 0, transport, due, summary, text],
      );
    },
    mail: (id) => one(rows.all(`${select} and id = ?`, id)),
    mailWithTransport: (transport) => one(rows.all(`${select} and transport = ?`, transport)),
    removeMail(id) {
      rows.run('delete from mail where device = ? and id = ?', id);
    },
    mails: (folder, before, limit) =>
      rows
        .all(
          `select number, id, folder, unread, transport, due, summary, null as body_text from mail
           where device = ? and (? is null or folder = ?) and (? is null or number < ?) order by number desc limit ?`,
          ...[folder, folder, before, before, limit],
        )
        .map(mailOf),
    countUnread() {
      const [row] = rows.all('select count(*) as n from mail where device = ? and unread = 1');
      return Number(row?.n ?? 0);
    },
    dueMails: () => rows.all(`${select} and due is not null order by due, number`).map(mailOf),
  } satisfies Partial<MailStore>;
}

function memoryRows(rows: DeviceRows) {
  return {
    knowsMail: (id) => rows.all('select 1 from mail_known where device = ? and id = ?', id).length > 0,
    rememberMail(id) {
      const isNew = rows.run('insert or ignore into mail_known (device, id) values (?, ?)', id) === 1;
      if (isNew) {
        rows.run(
          `delete from mail_known where device = ? and number <= coalesce(
             (select number from mail_known where device = ? order by number desc limit 1 offset ?), -1)`,
          rows.device,
          REMEMBERED,
        );
      }
      return isNew;
    },
    addRemovals(files) {
      for (const file of files) rows.run('insert or ignore into mail_removal (device, file) values (?, ?)', file);
    },
    removals: () => rows.all('select file from mail_removal where device = ?').map((row) => String(row.file)),
    removalDone(file) {
      rows.run('delete from mail_removal where device = ? and file = ?', file);
    },
  } satisfies Partial<MailStore>;
}

function mailOf(row: Row): ListedMail {
  return {
    number: Number(row.number),
    id: String(row.id),
    folder: MAIL_FOLDERS.find((folder) => folder === row.folder) ?? 'inbox',
    unread: Number(row.unread) === 1,
    transport: row.transport === null ? null : String(row.transport),
    due: row.due === null ? null : Number(row.due),
    summary: bytes(row.summary),
    text: bytesOrNull(row.body_text),
  };
}
