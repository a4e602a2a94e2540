/** Store of the checkpoints that devices report to a restored server. */
import { sql } from 'kysely';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  CheckpointResponse,
  LedgerEvidence,
  CheckpointResponseStore as Port,
} from '../recovery/reported-checkpoints.ts';
import type { Database } from './database.ts';

const countOf = () => sql<number | string>`count(*)`.as('count');

export class CheckpointResponseStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveResponse({ device, at, size, root, origin, result }: CheckpointResponse): Promise<void> {
    const row = { at, size, root, origin, result };
    await this.#database.db
      .insertInto('recovery_responses')
      .values({ device_id: device, ...row })
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(row))
      .execute();
  }

  async responses(limit: number): Promise<(CheckpointResponse & { readonly user: string | null })[]> {
    const rows = await this.#database.db
      .selectFrom('recovery_responses as response')
      .leftJoin('devices', 'devices.id', 'response.device_id')
      .select([
        'response.device_id',
        'response.at',
        'response.size',
        'response.root',
        'response.origin',
        'response.result',
      ])
      .select('devices.person_name')
      .orderBy(
        sql`case response.result when 'not_contained' then 0 when 'lost' then 1 when 'contained' then 2 else 3 end`,
      )
      .orderBy(sql`coalesce(response.size, -1)`, 'desc')
      .orderBy('response.device_id')
      .limit(limit)
      .execute();
    return rows.map(({ device_id, at, size, root, origin, result, person_name }) => ({
      device: deviceIdSchema.parse(device_id),
      at,
      size,
      root,
      origin,
      result,
      user: person_name ?? null,
    }));
  }

  async evidence(): Promise<LedgerEvidence> {
    const { db } = this.#database;
    const largestOf = () =>
      db
        .selectFrom('recovery_responses')
        .select(['size', 'root', 'origin'])
        .where('size', 'is not', null)
        .orderBy('size', 'desc')
        .limit(1);
    const [counts, active, largest, notContained] = await Promise.all([
      db.selectFrom('recovery_responses').select(['result', countOf()]).groupBy('result').execute(),
      db.selectFrom('devices').select(countOf()).where('status', '=', 'active').executeTakeFirstOrThrow(),
      largestOf().executeTakeFirst(),
      largestOf().where('result', '=', 'not_contained').executeTakeFirst(),
    ]);
    const of = (result: CheckpointResponse['result']) =>
      Number(counts.find((row) => row.result === result)?.count ?? 0);
    return {
      active: Number(active.count),
      responded: counts.reduce((sum, { count }) => sum + Number(count), 0),
      checkpoints: of('contained') + of('not_contained') + of('lost'),
      notContained: of('not_contained'),
      lost: of('lost'),
      largest: largest ? { size: largest.size ?? 0, root: largest.root ?? '' } : null,
      largestNotContained: notContained
        ? { size: notContained.size ?? 0, root: notContained.root ?? '', origin: notContained.origin ?? '' }
        : null,
    };
  }
}
