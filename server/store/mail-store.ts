/** Store of accepted mails. One transaction accepts a mail and adds it to the queues of its recipients. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailResponse } from '../../shared/protocol/mail-http.ts';
import {
  isCrowdedQueue,
  type KnownMail,
  type KnownPiece,
  mailKey,
  mailShareKey,
  placeMail,
} from '../mail/placement.ts';
import type { JudgedMail, MailQueue, PlacedMail, MailStore as Port } from '../mail/ports.ts';
import type { Enrollment } from '../relay/ports.ts';
import { type Cell, insertOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { loadQueues, saveQueues } from './mail-rows.ts';
import { sharesFor, WAITING_MAIL } from './waiting-rows.ts';

interface Placing {
  readonly judged: JudgedMail;
  placed: PlacedMail | null;
}

interface Accepted {
  readonly judged: JudgedMail;
  readonly placed: Extract<PlacedMail, { result: 'placed' }>;
}

export class MailStore implements Port {
  readonly #database: Database;
  readonly #place: (placing: Placing) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#place = database.grouped(placeAll);
  }

  async place(judged: JudgedMail): Promise<PlacedMail> {
    const placing: Placing = { judged, placed: null };
    await this.#place(placing);
    if (!placing.placed) throw new Error('the store has no result for a mail');
    return placing.placed;
  }

  async earlierResponse(sender: Enrollment, id: string): Promise<MailResponse | null> {
    const responses = await responsesOf(this.#database.db, [{ sender, id }]);
    return responses.get(mailKey(sender, id)) ?? null;
  }
}

async function placeAll(tx: Tx, placings: readonly Placing[]): Promise<void> {
  const known = await loadKnown(
    tx,
    placings.map(({ judged }) => judged),
  );
  const accepted: Accepted[] = [];
  for (const placing of placings) {
    const placed = placeMail(placing.judged, known);
    placing.placed = placed;
    if (placed.result === 'placed' && placed.entries.length > 0) accepted.push({ judged: placing.judged, placed });
  }
  if (accepted.length > 0) await insertMails(tx, accepted);
  await deleteUnneededPieces(
    tx,
    placings.filter(({ placed }) => placed?.result === 'placed' && placed.entries.length === 0),
  );
  const touched = new Set(accepted.flatMap(({ placed }) => placed.entries.map(({ device }) => device)));
  await saveQueues(
    tx,
    [...touched].flatMap((device) => known.queues.get(device) ?? []),
  );
}

/**
 * Deletes the pieces of mails that were refused or repeated. A sender uploads new pieces for each attempt, so these pieces would only fill
 * the sender's quota.
 */
async function deleteUnneededPieces(tx: Tx, placings: readonly Placing[]): Promise<void> {
  const unneeded = placings.flatMap(({ judged: { mail } }) =>
    mail.pieces.map(({ id }) => [id, mail.sender.device, mail.sender.generation]),
  );
  if (unneeded.length === 0) return;
  const names = tableOf(['text', 'text', 'bigint'], unneeded);
  await sql`delete from mail_pieces where mail is null and id in (
    select p.id from ${names} as v cross join mail_pieces p
    where p.id = v.column1 and p.device_id = v.column2 and p.generation = v.column3)`.execute(tx);
}

async function loadKnown(tx: Tx, all: readonly JudgedMail[]): Promise<KnownMail> {
  const queues = await loadQueues(
    tx,
    all.flatMap(({ mail }) => [mail.sender, ...mail.recipients].map(({ device }) => device)),
  );
  return {
    responses: await responsesOf(
      tx,
      all.map(({ mail }) => mail),
    ),
    queues,
    pieces: await piecesOf(
      tx,
      all.flatMap(({ mail }) => mail.pieces.map(({ id }) => id)),
    ),
    shares: await sharesOf(tx, [...queues.values()].filter(isCrowdedQueue)),
  };
}

async function responsesOf(
  db: Db | Tx,
  mails: readonly { readonly sender: Enrollment; readonly id: string }[],
): Promise<Map<string, MailResponse>> {
  const keys = tableOf(
    ['text', 'bigint', 'text'],
    mails.map(({ sender, id }) => [sender.device, sender.generation, id]),
  );
  const { rows } = await sql<{ device_id: DeviceId; generation: number; mail_id: string; answer: string }>`
    select r.device_id, r.generation, r.mail_id, r.answer from ${keys} as v cross join mail_results r
    where r.device_id = v.column1 and r.generation = v.column2 and r.mail_id = v.column3`.execute(db);
  return new Map(
    rows.map(({ device_id: device, generation, mail_id, answer }) => [
      mailKey({ device, generation }, mail_id),
      JSON.parse(answer) as MailResponse,
    ]),
  );
}

async function piecesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, KnownPiece>> {
  const keys = tableOf(
    ['text'],
    ids.map((id) => [id]),
  );
  const { rows } = await sql<{
    id: string;
    device_id: DeviceId;
    generation: number;
    sha256: string;
    size: number;
    mail: number | null;
  }>`select p.id, p.device_id, p.generation, p.sha256, p.size, p.mail from ${keys} as v cross join mail_pieces p
    where p.id = v.column1`.execute(tx);
  return new Map(
    rows.map(({ id, device_id: device, generation, sha256, size, mail }) => [
      id,
      { sender: { device, generation }, sha256, size, named: mail !== null },
    ]),
  );
}

async function sharesOf(tx: Tx, crowded: readonly MailQueue[]): Promise<KnownMail['shares']> {
  const shares = await sharesFor(tx, WAITING_MAIL, crowded);
  return new Map(
    shares.map(({ recipient, sender, entries, bytes }) => [mailShareKey(recipient, sender), { entries, bytes }]),
  );
}

async function insertMails(tx: Tx, accepted: readonly Accepted[]): Promise<void> {
  // Only this writer inserts mails, so the next number is free.
  const { rows } = await sql<{ newest: number | null }>`select max(id) as newest from mails`.execute(tx);
  let id = Number(rows[0]?.newest ?? 0);
  const mails: Cell[][] = [];
  const entries: Cell[][] = [];
  const named: Cell[][] = [];
  const results: Cell[][] = [];
  for (const { judged, placed } of accepted) {
    const { mail, at, expiresAt } = judged;
    const { device, generation } = mail.sender;
    id += 1;
    mails.push([id, device, generation, mail.id, at, placed.entries.length, JSON.stringify(mail)]);
    results.push([device, generation, mail.id, at, JSON.stringify(placed.response)]);
    for (const piece of mail.pieces) named.push([piece.id, id]);
    for (const { device, seq, bytes, heldBy } of placed.entries) {
      entries.push([device, seq, id, at, bytes, expiresAt, heldBy, 0]);
    }
  }
  await insertOf('mails', MAILS, mails).execute(tx);
  await insertOf('mail_entries', ENTRIES, entries).execute(tx);
  await insertOf('mail_results', RESULTS, results).execute(tx);
  const pieces = tableOf(['text', 'bigint'], named);
  await sql`update mail_pieces set mail = v.column2 from ${pieces} as v where id = v.column1`.execute(tx);
}

const MAILS = {
  id: 'bigint',
  device_id: 'text',
  generation: 'bigint',
  mail_id: 'text',
  at: 'bigint',
  entries: 'bigint',
  body: 'text',
} as const;
const ENTRIES = {
  device_id: 'text',
  seq: 'bigint',
  mail: 'bigint',
  at: 'bigint',
  bytes: 'bigint',
  expires_at: 'bigint',
  holding_order: 'text',
  due: 'bigint',
} as const;
const RESULTS = {
  device_id: 'text',
  generation: 'bigint',
  mail_id: 'text',
  at: 'bigint',
  answer: 'text',
} as const;
