/** Rows of one device's messages. The caller has already encrypted most values with the vault's key. */
import type {
  ConversationStore,
  DueReceipt,
  HistoryStore,
  KeyPackageStore,
  MailboxItem,
  MailboxStore,
  MessageMark,
  MessageStore,
  MessagingValues,
  PostStore,
  ReceiptStore,
  StoredConversation,
  StoredItem,
  StoredKeyPackage,
  StoredMessage,
  StoredPost,
} from '../messaging/message-store.ts';
import type { DeviceRows } from './device-rows.ts';
import { bytes, bytesOrNull } from './row-values.ts';
import { MAIL_TABLES, MESSAGING_TABLES } from './schema.ts';

/**
 * Number of decrypted messages whose ids are kept. The server stores at most 2,000 messages for one device, so the device recognizes every
 * repeated message.
 */
const OPENED_REMEMBERED = 4096;
const UNREADABLE_KEPT = 64;

type Row = Record<string, unknown>;

type Port<Store> = Omit<Store, 'transaction'>;

export const messageRows = (rows: DeviceRows): MessageStore => ({
  transaction: (work) => rows.transaction(work),
  ...messagingValues(rows),
  ...mailboxRows(rows),
  ...postRows(rows),
  ...conversationRows(rows),
  ...historyRows(rows),
  ...receiptRows(rows),
  ...keyPackageRows(rows),
});

function messagingValues(rows: DeviceRows): Port<MessagingValues> {
  return {
    messagingValue(name: string): Buffer | null {
      const [row] = rows.all('select value from messaging_value where device = ? and name = ?', name);
      return row ? bytes(row.value) : null;
    },
    saveMessagingValue(name: string, value: Buffer): void {
      rows.run('insert or replace into messaging_value (device, name, value) values (?, ?, ?)', name, value);
    },
    forgetMessaging(): void {
      rows.transaction(() => {
        for (const table of [...MESSAGING_TABLES, ...MAIL_TABLES]) rows.run(`delete from ${table} where device = ?`);
        rows.run("delete from messaging_value where device = ? and name not in ('acknowledged', 'posts', 'signing')");
      });
    },
  };
}

function mailboxRows(rows: DeviceRows): Port<MailboxStore> {
  function trim(state: string, keep: number): void {
    rows.run(
      `delete from mailbox where device = ? and state = ? and number <= coalesce(
         (select number from mailbox where device = ? and state = ? order by number desc limit 1 offset ?), -1)`,
      state,
      rows.device,
      state,
      keep,
    );
  }

  return {
    keepItem(item: MailboxItem): boolean {
      // For each recipient of a message, the server may report several changes. The item's id therefore contains device, state and time
      // too.
      const id = item.type === 'post' ? item.id : `${item.id} ${item.device} ${item.status} ${item.at}`;
      return (
        rows.run(
          "insert or ignore into mailbox (device, id, item, state) values (?, ?, ?, 'waiting')",
          id,
          JSON.stringify(item),
        ) === 1
      );
    },
    unopenedItems(after: number, limit: number): readonly StoredItem[] {
      const found = rows.all(
        "select number, item from mailbox where device = ? and state = 'waiting' and number > ? order by number limit ?",
        after,
        limit,
      );
      return found.map((row) => ({ number: Number(row.number), item: JSON.parse(String(row.item)) }));
    },
    itemOpened(number: number): void {
      rows.transaction(() => {
        rows.sql.run("update mailbox set state = 'opened', item = null where number = ?", number);
        trim('opened', OPENED_REMEMBERED);
      });
    },
    itemSetAside(number: number): void {
      rows.transaction(() => {
        rows.sql.run("update mailbox set state = 'unreadable' where number = ?", number);
        trim('unreadable', UNREADABLE_KEPT);
      });
    },
    forgetItems(): void {
      rows.run('delete from mailbox where device = ?');
    },
  };
}

function postRows(rows: DeviceRows): Port<PostStore> {
  function postsOf(where: string, value: string | number, limit: number): StoredPost[] {
    const found = rows.all(
      `select id, frame, purpose from post where device = ? and ${where} order by number limit ?`,
      value,
      limit,
    );
    return found.map((row) => ({ id: String(row.id), frame: bytes(row.frame), purpose: bytes(row.purpose) }));
  }

  return {
    addPost({ id, frame, purpose }: StoredPost): void {
      rows.run('insert into post (device, id, frame, purpose) values (?, ?, ?, ?)', id, frame, purpose);
    },
    post(id: string): StoredPost | null {
      return postsOf('id = ?', id, 1)[0] ?? null;
    },
    posts(limit: number): readonly StoredPost[] {
      return postsOf('number > ?', 0, limit);
    },
    removePost(id: string): void {
      rows.run('delete from post where device = ? and id = ?', id);
    },
    countPosts(): number {
      const [row] = rows.all('select count(*) as n from post where device = ?');
      return Number(row?.n ?? 0);
    },
  };
}

function conversationRows(rows: DeviceRows): Port<ConversationStore> {
  return {
    conversation(id: string): StoredConversation | null {
      const [row] = rows.all(
        'select record, mls_state, pending_commit from conversation where device = ? and id = ?',
        id,
      );
      return row
        ? { id, meta: bytes(row.record), group: bytesOrNull(row.mls_state), pending: bytesOrNull(row.pending_commit) }
        : null;
    },
    conversationIds(): readonly string[] {
      const found = rows.all('select id from conversation where device = ? order by id');
      return found.map((row) => String(row.id));
    },
    saveConversation({ id, meta, group, pending }: StoredConversation): void {
      rows.run(
        'insert or replace into conversation (device, id, record, mls_state, pending_commit) values (?, ?, ?, ?, ?)',
        id,
        meta,
        group,
        pending,
      );
    },
  };
}

function historyRows(rows: DeviceRows): Port<HistoryStore> {
  return {
    addToHistory({ conversation, id, mark, body }: StoredMessage): boolean {
      return (
        rows.run(
          'insert or ignore into history (device, conversation, id, mark, body) values (?, ?, ?, ?, ?)',
          conversation,
          id,
          mark,
          body,
        ) === 1
      );
    },
    historyMessage(id: string): StoredMessage | null {
      const [row] = rows.all('select conversation, id, mark, body from history where device = ? and id = ?', id);
      return row ? messageOf(row) : null;
    },
    changeMessage(id: string, body: Buffer, mark: MessageMark): void {
      rows.sql.run('update history set body = ?, mark = ? where device = ? and id = ?', body, mark, rows.device, id);
    },
    moveMessage(id: string, conversation: string): void {
      rows.sql.run('update history set conversation = ? where device = ? and id = ?', conversation, rows.device, id);
    },
    history(conversation: string, before: string | null, limit: number): readonly StoredMessage[] {
      const found = rows.all(
        `select conversation, id, mark, body from history where device = ? and conversation = ?
         and (? is null or number < (select number from history where device = ? and id = ?))
       order by number desc limit ?`,
        conversation,
        before,
        rows.device,
        before,
        limit,
      );
      return found.map(messageOf).reverse();
    },
    marked(conversation: string, mark: MessageMark): readonly StoredMessage[] {
      return rows
        .all(
          'select conversation, id, mark, body from history where device = ? and conversation = ? and mark = ? order by number',
          conversation,
          mark,
        )
        .map(messageOf);
    },
    countMarked(conversation: string, mark: MessageMark): number {
      const [row] = rows.all(
        'select count(*) as n from history where device = ? and conversation = ? and mark = ?',
        conversation,
        mark,
      );
      return Number(row?.n ?? 0);
    },
    *wholeHistory(): Iterable<StoredMessage> {
      const all = 'select conversation, id, mark, body from history where device = ? order by number';
      for (const row of rows.sql.each(all, rows.device)) yield messageOf(row);
    },
  };
}

function receiptRows(rows: DeviceRows): Port<ReceiptStore> {
  return {
    addReceipt({ conversation, message, kind }: DueReceipt): void {
      rows.run(
        'insert or ignore into due_receipt (device, conversation, message, kind) values (?, ?, ?, ?)',
        conversation,
        message,
        kind,
      );
    },
    dueReceipts(conversation: string, limit: number): readonly DueReceipt[] {
      const found = rows.all(
        'select message, kind from due_receipt where device = ? and conversation = ? order by kind, message limit ?',
        conversation,
        limit,
      );
      return found.map((row) => ({
        conversation,
        message: String(row.message),
        kind: row.kind === 'read' ? 'read' : 'delivered',
      }));
    },
    receiptsDueIn(): readonly string[] {
      const found = rows.all('select distinct conversation from due_receipt where device = ?');
      return found.map((row) => String(row.conversation));
    },
    removeReceipts(receipts: readonly DueReceipt[]): void {
      rows.transaction(() => {
        for (const { conversation, message, kind } of receipts) {
          rows.run(
            'delete from due_receipt where device = ? and conversation = ? and message = ? and kind = ?',
            conversation,
            message,
            kind,
          );
        }
      });
    },
  };
}

function keyPackageRows(rows: DeviceRows): Port<KeyPackageStore> {
  return {
    addKeyPackage({ ref, body, lastResort }: StoredKeyPackage): void {
      rows.run(
        'insert or replace into key_package (device, ref, body, last_resort) values (?, ?, ?, ?)',
        ref,
        body,
        lastResort ? 1 : 0,
      );
    },
    keyPackages(): readonly StoredKeyPackage[] {
      const found = rows.all('select ref, body, last_resort from key_package where device = ?');
      return found.map((row) => ({
        ref: String(row.ref),
        body: bytes(row.body),
        lastResort: Number(row.last_resort) === 1,
      }));
    },
    removeKeyPackage(ref: string): void {
      rows.run('delete from key_package where device = ? and ref = ?', ref);
    },
  };
}

const messageOf = (row: Row): StoredMessage => ({
  conversation: String(row.conversation),
  id: String(row.id),
  mark: row.mark === 'unsent' || row.mark === 'unread' ? row.mark : 'none',
  body: bytes(row.body),
});
