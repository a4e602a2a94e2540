import { sql } from 'kysely';
import { type CommandId, commandIdSchema, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { REQUEST_PREFIX } from '../commands/command-id-for.ts';
import { COMMAND_STATES, type CommandState } from '../commands/lifecycle.ts';
import type { CommandScope, CommandRequestStore as Port, RequestProgress } from '../commands/ports.ts';
import { parseCommand } from './command-rows.ts';
import type { Database } from './database.ts';
import { withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

/**
 * Numbers of one request's commands by state, as SQL returns them. If no command is within the calling admin's scope, `displayed` is 0,
 * because SQL's `count` returns 0 without rows. All other fields are then null, because `sum`, `min` and `max` return null.
 */
interface Counted extends Record<CommandState, number | string | null> {
  readonly body: string | null;
  readonly created_by: string | null;
  readonly created_at: number | string | null;
  readonly expires_at: number | string | null;
  readonly displayed: number | string;
}

export class CommandRequestStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async requests(cursor: string | null, most: number): ReturnType<Port['requests']> {
    const { db } = this.#database;
    const ids: CommandId[] = [];
    for (let before = cursor ?? '~'; ; ) {
      const newest = await db
        .selectFrom('commands')
        .select('id')
        .where('request', 'is not', null)
        .where('id', '<', before)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (!newest) return { ids, next: null };
      // Reads all requests from 15 minutes at once: their commands' ids share a prefix, so they are one range of the primary key.
      before = newest.id.slice(0, REQUEST_PREFIX);
      const rows = await db
        .selectFrom('commands')
        .select('request')
        .where('id', '>=', before)
        .where('id', '<', `${before}~`)
        .where('request', 'is not', null)
        .groupBy('request')
        .orderBy((eb) => eb.fn.min('created_at'), 'desc')
        .execute();
      for (const { request } of rows) ids.push(commandIdSchema.parse(request));
      if (ids.length >= most) return { ids, next: before };
    }
  }

  async progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null> {
    // The ids of one request's commands share a prefix (`commandIdFor`), so they are one range of the primary key.
    const from = request.slice(0, REQUEST_PREFIX);
    const ofRequest = sql`c.id >= ${from} and c.id < ${`${from}~`} and c.request = ${request}`;
    const ofScope = sql`cross join devices where ${ofRequest} and devices.id = c.device_id and ${withinScope(scope)}`;
    // Counts all states in one pass. Grouping would first sort 100,000 rows.
    const states = COMMAND_STATES.map(
      (state) => sql`sum(case when c.state = ${state} then 1 else 0 end) as ${sql.ref(state)}`,
    );
    const { rows } = await sql<Counted>`
      select min(c.body) as body, min(c.created_by) as created_by, min(c.created_at) as created_at,
        max(c.expires_at) as expires_at, count(c.displayed_at) as displayed, ${sql.join(states)}
      from commands c ${scope === null ? sql`where ${ofRequest}` : ofScope}`.execute(this.#database.db);
    const [counted] = rows;
    if (!counted?.body || counted.created_by === null) return null;
    const counts = {
      queued: Number(counted.queued),
      stored: Number(counted.stored),
      done: Number(counted.done),
      failed: Number(counted.failed),
      expired: Number(counted.expired),
      canceled: Number(counted.canceled),
    };
    const ended = counts.failed + counts.expired + counts.canceled > 0;
    const failures = ended
      ? await sql<Pick<Schema['commands'], 'device_id' | 'state' | 'detail'> & { person_name: string }>`
          select c.device_id, devices.person_name, c.state, c.detail from commands c ${ofScope}
          and c.state in ('failed', 'expired', 'canceled') order by c.id limit ${most}`.execute(this.#database.db)
      : { rows: [] };
    return {
      command: parseCommand(counted.body),
      createdBy: counted.created_by,
      createdAt: Number(counted.created_at),
      expiresAt: Number(counted.expires_at),
      counts,
      displayed: Number(counted.displayed),
      failures: failures.rows.map(({ device_id, person_name, state, detail }) => ({
        device: deviceIdSchema.parse(device_id),
        user: person_name,
        state,
        detail,
      })),
    };
  }
}
