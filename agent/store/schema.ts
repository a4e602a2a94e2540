/** The agent's tables. Every row belongs to one device, so that one file can hold a fleet. */
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
create table if not exists message (
  device text not null, id text not null, text text not null, at integer not null, shown integer not null default 0,
  primary key (device, id)
) without rowid;
create table if not exists event (
  device text not null, event text not null,
  primary key (device, event)
) without rowid;
`;

export const TABLES = ['state', 'document', 'gate', 'command', 'outbox', 'message', 'event'] as const;
