/**
 * Store of jobs (commands to many devices). A job is one row, and each of its devices is one short row in `job_members`, appended in the
 * order of the primary key.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import { DESTROYING } from '../commands/lifecycle.ts';
import type { JobMember, NewJob, OpenJob, JobStore as Port, RefusedDevice, StoredJob } from '../commands/ports.ts';
import { appendEntries } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import { parseCommand } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import type { Schema } from './schema.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

/** Number of devices that one statement adds to a job. Between two statements, the server does work that needs no store. */
const SLICE = 2_000;

export class JobStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(job: NewJob, entryOf: Parameters<Port['insert']>[1]): Promise<StoredJob> {
    const { id, command, createdBy: created_by, createdAt, expiresAt, lockSecret, devices } = job;
    return this.#database.transaction(async (tx) => {
      const created = await tx
        .insertInto('jobs')
        .values({
          id,
          kind: command.kind,
          body: JSON.stringify(command),
          created_by,
          created_at: createdAt,
          expires_at: expiresAt,
          devices: 0,
          waiting: 0,
          refused: '[]',
          lock_secret: lockSecret,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!created) {
        const known = await tx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
        return storedJobOf(known);
      }
      const refused: RefusedDevice[] = [];
      for (let from = 0; from < devices.length; from += SLICE) {
        const slice = devices.slice(from, from + SLICE);
        const beyond = await addMembers(tx, job, slice);
        refused.push(...beyond);
        if (entryOf) {
          const without = new Set(beyond.map(({ device }) => device));
          await appendEntries(tx, slice.filter((device) => !without.has(device)).map(entryOf));
        }
        if (from + SLICE < devices.length) await turn();
      }
      const count = devices.length - refused.length;
      const added = { devices: count, waiting: count, refused: JSON.stringify(refused) };
      if (count === 0) await tx.deleteFrom('jobs').where('id', '=', id).execute();
      else await tx.updateTable('jobs').set(added).where('id', '=', id).execute();
      return { command, createdBy: created_by, devices: count, refused };
    });
  }

  async get(id: CommandId): Promise<StoredJob | null> {
    const row = await this.#database.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? storedJobOf(row) : null;
  }

  async open(id: CommandId, now: number): Promise<OpenJob | null> {
    const row = await this.#database.db
      .selectFrom('jobs')
      .select(['body', 'expires_at', 'lock_secret'])
      .where('id', '=', id)
      .where('waiting', '>', 0)
      .where('ended_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return row ? { id, command: parseCommand(row.body), expiresAt: row.expires_at, lockSecret: row.lock_secret } : null;
  }

  async waiting(job: CommandId, after: DeviceId | null, limit: number, now: number): Promise<JobMember[]> {
    // The database returns the whole page as one text. The rows of 100,000 devices as objects would take twice the time.
    const { rows } = await sql<{ page: string | null }>`
      select string_agg(device_id || ' ' || generation, ',' order by device_id) as page from (
        select m.device_id, m.generation from jobs j cross join job_members m
        where j.id = ${job} and j.ended_at is null and j.expires_at > ${now}
          and m.job = j.id and m.device_id > ${after ?? ''} and m.waiting = 1
        order by m.device_id limit ${limit}) as members`.execute(this.#database.db);
    const page = rows[0]?.page;
    return page ? page.split(',').map(memberOf) : [];
  }
}

/**
 * Reads one device from the text of a page. The device ids were checked when the job was stored. Checking 100,000 ids again would take
 * longer than reading them.
 */
function memberOf(text: string): JobMember {
  const end = text.indexOf(' ');
  return { device: text.slice(0, end) as DeviceId, generation: Number(text.slice(end + 1)) };
}

function storedJobOf({ body, created_by, devices, refused }: Schema['jobs']): StoredJob {
  return { command: parseCommand(body), createdBy: created_by, devices, refused: JSON.parse(refused) };
}

/** Adds devices to a job. Returns the devices that get no command, with the reasons. */
async function addMembers(tx: Tx, { id, command }: NewJob, devices: readonly DeviceId[]): Promise<RefusedDevice[]> {
  const requested = tableOf(
    ['text'],
    devices.map((device) => [device]),
  );
  const destroys = DESTROYING.has(command.kind);
  const { numAffectedRows } = await sql`
    insert into job_members (job, device_id, generation, waiting)
    select cast(${id} as text), devices.id, devices.generation, 1 from ${requested} as v cross join devices
    where devices.id = v.column1 and devices.status = 'active'
      ${destroys ? sql`and not ${UNDER_LEGAL_HOLD}` : sql``}`.execute(tx);
  if (Number(numAffectedRows) === devices.length) return [];
  const { rows } = await sql<{ device: DeviceId; status: string | null }>`
    select v.column1 as device, (select devices.status from devices where devices.id = v.column1) as status
    from ${requested} as v
    where not exists (select 1 from job_members m where m.job = ${id} and m.device_id = v.column1)`.execute(tx);
  return rows.map(({ device, status }) => ({
    device,
    code: status === null ? 'not_found' : status === 'active' ? 'legal_hold' : 'conflict',
  }));
}
