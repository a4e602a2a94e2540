/** `MessageStore` on the agent's SQLite file: rows of one device, most of them sealed by the vault before they come here. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type {
  DueReceipt,
  MailItem,
  MessageMark,
  MessageStore,
  StoredConversation,
  StoredKeyPackage,
  StoredMail,
  StoredMessage,
  StoredPost,
} from '../messaging/message-store.ts';
import { MESSAGING_TABLES } from './schema.ts';
import type { Statements } from './statements.ts';

/** More than a server keeps for one device (2,000), so that it cannot send again what is forgotten here. */
const OPENED_REMEMBERED = 4096;
const ASIDE_KEPT = 64;

type Row = Record<string, unknown>;
const bytes = (value: unknown): Buffer => {
  if (!(value instanceof Uint8Array)) throw new Error('the store holds something else than bytes');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
};
const bytesOrNull = (value: unknown): Buffer | null => (value === null ? null : bytes(value));

export class SqliteMessages implements MessageStore {
  readonly #sql: Statements;
  readonly #device: DeviceId;

  constructor(sql: Statements, device: DeviceId) {
    this.#sql = sql;
    this.#device = device;
  }

  transaction<T>(work: () => T): T {
    return this.#sql.transaction(work);
  }

  messagingValue(name: string): Buffer | null {
    const [row] = this.#sql.all('select value from messaging_value where device = ? and name = ?', this.#device, name);
    return row ? bytes(row.value) : null;
  }

  saveMessagingValue(name: string, value: Buffer): void {
    this.#sql.run(
      'insert or replace into messaging_value (device, name, value) values (?, ?, ?)',
      this.#device,
      name,
      value,
    );
  }

  forgetMessaging(): void {
    this.transaction(() => {
      for (const table of MESSAGING_TABLES) this.#sql.run(`delete from ${table} where device = ?`, this.#device);
      this.#sql.run(
        "delete from messaging_value where device = ? and name not in ('taken', 'posts', 'signing')",
        this.#device,
      );
    });
  }

  keepMail(item: MailItem): boolean {
    // One word on a post for each of its recipients, and one more when it changes.
    const id = item.type === 'post' ? item.id : `${item.id} ${item.device} ${item.fate} ${item.at}`;
    return (
      this.#sql.run(
        "insert or ignore into mailbox (device, id, item, state) values (?, ?, ?, 'waiting')",
        this.#device,
        id,
        JSON.stringify(item),
      ) === 1
    );
  }

  unopenedMail(after: number, limit: number): readonly StoredMail[] {
    const rows = this.#sql.all(
      "select number, item from mailbox where device = ? and state = 'waiting' and number > ? order by number limit ?",
      this.#device,
      after,
      limit,
    );
    return rows.map((row) => ({ number: Number(row.number), item: JSON.parse(String(row.item)) }));
  }

  mailOpened(number: number): void {
    this.transaction(() => {
      this.#sql.run("update mailbox set state = 'opened', item = null where number = ?", number);
      this.#trim('opened', OPENED_REMEMBERED);
    });
  }

  mailSetAside(number: number): void {
    this.transaction(() => {
      this.#sql.run("update mailbox set state = 'aside' where number = ?", number);
      this.#trim('aside', ASIDE_KEPT);
    });
  }

  #trim(state: string, keep: number): void {
    this.#sql.run(
      `delete from mailbox where device = ? and state = ? and number <= coalesce(
         (select number from mailbox where device = ? and state = ? order by number desc limit 1 offset ?), -1)`,
      this.#device,
      state,
      this.#device,
      state,
      keep,
    );
  }

  forgetMail(): void {
    this.#sql.run('delete from mailbox where device = ?', this.#device);
  }

  addPost({ id, frame, about }: StoredPost): void {
    this.#sql.run('insert into post (device, id, frame, about) values (?, ?, ?, ?)', this.#device, id, frame, about);
  }

  post(id: string): StoredPost | null {
    return this.#postsOf('id = ?', id, 1)[0] ?? null;
  }

  posts(limit: number): readonly StoredPost[] {
    return this.#postsOf('number > ?', 0, limit);
  }

  #postsOf(where: string, value: string | number, limit: number): StoredPost[] {
    const rows = this.#sql.all(
      `select id, frame, about from post where device = ? and ${where} order by number limit ?`,
      this.#device,
      value,
      limit,
    );
    return rows.map((row) => ({ id: String(row.id), frame: bytes(row.frame), about: bytes(row.about) }));
  }

  removePost(id: string): void {
    this.#sql.run('delete from post where device = ? and id = ?', this.#device, id);
  }

  countPosts(): number {
    const [row] = this.#sql.all('select count(*) as n from post where device = ?', this.#device);
    return Number(row?.n ?? 0);
  }

  conversation(id: string): StoredConversation | null {
    const [row] = this.#sql.all(
      'select meta, state, pending from conversation where device = ? and id = ?',
      this.#device,
      id,
    );
    return row ? { id, meta: bytes(row.meta), group: bytesOrNull(row.state), pending: bytesOrNull(row.pending) } : null;
  }

  conversationIds(): readonly string[] {
    const rows = this.#sql.all('select id from conversation where device = ? order by id', this.#device);
    return rows.map((row) => String(row.id));
  }

  saveConversation({ id, meta, group, pending }: StoredConversation): void {
    this.#sql.run(
      'insert or replace into conversation (device, id, meta, state, pending) values (?, ?, ?, ?, ?)',
      this.#device,
      id,
      meta,
      group,
      pending,
    );
  }

  addToHistory({ conversation, id, mark, body }: StoredMessage): boolean {
    return (
      this.#sql.run(
        'insert or ignore into history (device, conversation, id, mark, body) values (?, ?, ?, ?, ?)',
        this.#device,
        conversation,
        id,
        mark,
        body,
      ) === 1
    );
  }

  historyMessage(id: string): StoredMessage | null {
    const [row] = this.#sql.all(
      'select conversation, id, mark, body from history where device = ? and id = ?',
      this.#device,
      id,
    );
    return row ? messageOf(row) : null;
  }

  changeMessage(id: string, body: Buffer, mark: MessageMark): void {
    this.#sql.run('update history set body = ?, mark = ? where device = ? and id = ?', body, mark, this.#device, id);
  }

  moveMessage(id: string, conversation: string): void {
    this.#sql.run('update history set conversation = ? where device = ? and id = ?', conversation, this.#device, id);
  }

  history(conversation: string, before: string | null, limit: number): readonly StoredMessage[] {
    const rows = this.#sql.all(
      `select conversation, id, mark, body from history where device = ? and conversation = ?
         and (? is null or number < (select number from history where device = ? and id = ?))
       order by number desc limit ?`,
      this.#device,
      conversation,
      before,
      this.#device,
      before,
      limit,
    );
    return rows.map(messageOf).reverse();
  }

  marked(conversation: string, mark: MessageMark): readonly StoredMessage[] {
    return this.#sql
      .all(
        'select conversation, id, mark, body from history where device = ? and conversation = ? and mark = ? order by number',
        this.#device,
        conversation,
        mark,
      )
      .map(messageOf);
  }

  countMarked(conversation: string, mark: MessageMark): number {
    const [row] = this.#sql.all(
      'select count(*) as n from history where device = ? and conversation = ? and mark = ?',
      this.#device,
      conversation,
      mark,
    );
    return Number(row?.n ?? 0);
  }

  *wholeHistory(): Iterable<StoredMessage> {
    const rows = this.#sql.each(
      'select conversation, id, mark, body from history where device = ? order by number',
      this.#device,
    );
    for (const row of rows) yield messageOf(row);
  }

  addReceipt({ conversation, message, kind }: DueReceipt): void {
    this.#sql.run(
      'insert or ignore into receipt (device, conversation, message, kind) values (?, ?, ?, ?)',
      this.#device,
      conversation,
      message,
      kind,
    );
  }

  dueReceipts(conversation: string, limit: number): readonly DueReceipt[] {
    const rows = this.#sql.all(
      'select message, kind from receipt where device = ? and conversation = ? order by kind, message limit ?',
      this.#device,
      conversation,
      limit,
    );
    return rows.map((row) => ({
      conversation,
      message: String(row.message),
      kind: row.kind === 'read' ? 'read' : 'delivered',
    }));
  }

  receiptsDueIn(): readonly string[] {
    const rows = this.#sql.all('select distinct conversation from receipt where device = ?', this.#device);
    return rows.map((row) => String(row.conversation));
  }

  removeReceipts(receipts: readonly DueReceipt[]): void {
    this.transaction(() => {
      for (const { conversation, message, kind } of receipts) {
        this.#sql.run(
          'delete from receipt where device = ? and conversation = ? and message = ? and kind = ?',
          this.#device,
          conversation,
          message,
          kind,
        );
      }
    });
  }

  addKeyPackage({ ref, body, lastResort }: StoredKeyPackage): void {
    this.#sql.run(
      'insert or replace into key_package (device, ref, body, last_resort) values (?, ?, ?, ?)',
      this.#device,
      ref,
      body,
      lastResort ? 1 : 0,
    );
  }

  keyPackages(): readonly StoredKeyPackage[] {
    const rows = this.#sql.all('select ref, body, last_resort from key_package where device = ?', this.#device);
    return rows.map((row) => ({
      ref: String(row.ref),
      body: bytes(row.body),
      lastResort: Number(row.last_resort) === 1,
    }));
  }

  removeKeyPackage(ref: string): void {
    this.#sql.run('delete from key_package where device = ? and ref = ?', this.#device, ref);
  }
}

const messageOf = (row: Row): StoredMessage => ({
  conversation: String(row.conversation),
  id: String(row.id),
  mark: row.mark === 'unsent' || row.mark === 'unread' ? row.mark : 'none',
  body: bytes(row.body),
});
