/** Tables of the agent's store. Every row names its device, so that one file can contain the data of many simulated devices in a test. */
export const SCHEMA = `
create table if not exists state (
  device text not null, name text not null, value text not null,
  primary key (device, name)
) without rowid;
create table if not exists document (
  device text not null, kind text not null, name text not null, version integer not null, envelope text not null,
  primary key (device, kind, name)
) without rowid;
create table if not exists gate (
  device text not null, service text not null, state text not null,
  primary key (device, service)
) without rowid;
create table if not exists command (
  device text not null, id text not null, body text not null, expires integer not null,
  state text not null check (state in ('stored', 'started', 'finished')),
  primary key (device, id)
);
create table if not exists outbox (
  device text not null, generation integer not null, seq integer not null, type text not null, item text not null,
  primary key (device, generation, seq)
) without rowid;
create table if not exists admin_message (
  device text not null, id text not null, text text not null, at integer not null, displayed integer not null default 0,
  primary key (device, id)
) without rowid;
create table if not exists script_run (
  number integer primary key autoincrement,
  device text not null, id text not null, name text not null, version integer not null, purpose text not null,
  reviewers text not null, started integer not null, finished integer, outcome text not null,
  unique (device, id)
);
create table if not exists event (
  device text not null, name text not null,
  primary key (device, name)
) without rowid;
create table if not exists notice (
  device text not null, order_number text not null, moment text not null, effective integer not null,
  revision integer not null, at integer not null, displayed integer not null default 0,
  primary key (device, order_number, moment, effective)
) without rowid;
create table if not exists messaging_value (
  device text not null, name text not null, value blob not null,
  primary key (device, name)
) without rowid;
create table if not exists mailbox (
  number integer primary key autoincrement,
  device text not null, id text not null, item text,
  state text not null check (state in ('waiting', 'opened', 'unreadable')),
  unique (device, id)
);
create index if not exists mailbox_by_state on mailbox (device, state, number);
create table if not exists post (
  number integer primary key autoincrement,
  device text not null, id text not null, frame blob not null, purpose blob not null,
  unique (device, id)
);
create table if not exists conversation (
  device text not null, id text not null, record blob not null, mls_state blob, pending_commit blob,
  primary key (device, id)
) without rowid;
create table if not exists history (
  number integer primary key autoincrement,
  device text not null, conversation text not null, id text not null,
  mark text not null check (mark in ('unsent', 'unread', 'none')), body blob not null,
  unique (device, id)
);
create index if not exists history_by_conversation on history (device, conversation, number);
create index if not exists history_by_mark on history (device, conversation, mark, number) where mark <> 'none';
create table if not exists due_receipt (
  device text not null, conversation text not null, message text not null, kind text not null,
  primary key (device, conversation, message, kind)
) without rowid;
create table if not exists key_package (
  device text not null, ref text not null, body blob not null, last_resort integer not null,
  primary key (device, ref)
) without rowid;
create table if not exists mail (
  number integer primary key autoincrement,
  device text not null, id text not null, folder text not null check (folder in ('inbox', 'sent', 'drafts')),
  unread integer not null, transport text, due integer, summary blob not null, body_text blob,
  unique (device, id)
);
create index if not exists mail_by_folder on mail (device, folder, number);
create index if not exists mail_by_transport on mail (device, transport) where transport is not null;
create index if not exists mail_due on mail (device, due) where due is not null;
create index if not exists mail_unread on mail (device) where unread = 1;
create table if not exists mail_known (
  number integer primary key autoincrement,
  device text not null, id text not null,
  unique (device, id)
);
create table if not exists mail_key (
  device text not null, generation integer not null, number integer not null, created_at integer not null,
  statement text not null, private_key blob not null, published integer not null,
  primary key (device, generation, number)
) without rowid;
create table if not exists mail_removal (
  device text not null, file text not null,
  primary key (device, file)
) without rowid;
create table if not exists mail_value (
  device text not null, name text not null, value blob not null,
  primary key (device, name)
) without rowid;
`;

export const MAIL_TABLES = ['mail', 'mail_known', 'mail_key', 'mail_removal', 'mail_value'] as const;
export const MESSAGING_TABLES = ['post', 'conversation', 'history', 'due_receipt', 'key_package'] as const;

export const TABLES = [
  ...MESSAGING_TABLES,
  ...MAIL_TABLES,
  'messaging_value',
  'mailbox',
  'state',
  'notice',
  'document',
  'gate',
  'command',
  'outbox',
  'admin_message',
  'script_run',
  'event',
] as const;
