/** Store of the checkpoints that devices show to a restored server. */
import { sql } from 'kysely';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  CheckpointResponse,
  LedgerEvidence,
  CheckpointResponseStore as Port,
} from '../recovery/shown-checkpoints.ts';
import type { Database } from './database.ts';

const countOf = () => sql<number | string>`count(*)`.as('count');

export class CheckpointResponseStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveResponse({ device, at, size, root, origin, verdict }: CheckpointResponse): Promise<void> {
    const row = { at, size, root, origin, verdict };
    await this.#database.db
      .insertInto('recovery_answers')
      .values({ device_id: device, ...row })
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(row))
      .execute();
  }

  async responses(limit: number): Promise<(CheckpointResponse & { readonly user: string | null })[]> {
    const rows = await this.#database.db
      .selectFrom('recovery_answers as answer')
      .leftJoin('devices', 'devices.id', 'answer.device_id')
      .select(['answer.device_id', 'answer.at', 'answer.size', 'answer.root', 'answer.origin', 'answer.verdict'])
      .select('devices.person_name')
      .orderBy(sql`case answer.verdict when 'beyond' then 0 when 'lost' then 1 when 'contained' then 2 else 3 end`)
      .orderBy(sql`coalesce(answer.size, -1)`, 'desc')
      .orderBy('answer.device_id')
      .limit(limit)
      .execute();
    return rows.map(({ device_id, at, size, root, origin, verdict, person_name }) => ({
      device: deviceIdSchema.parse(device_id),
      at,
      size,
      root,
      origin,
      verdict,
      user: person_name ?? null,
    }));
  }

  async evidence(): Promise<LedgerEvidence> {
    const { db } = this.#database;
    const largestOf = () =>
      db
        .selectFrom('recovery_answers')
        .select(['size', 'root', 'origin'])
        .where('size', 'is not', null)
        .orderBy('size', 'desc')
        .limit(1);
    const [counts, active, largest, beyond] = await Promise.all([
      db.selectFrom('recovery_answers').select(['verdict', countOf()]).groupBy('verdict').execute(),
      db.selectFrom('devices').select(countOf()).where('status', '=', 'active').executeTakeFirstOrThrow(),
      largestOf().executeTakeFirst(),
      largestOf().where('verdict', '=', 'beyond').executeTakeFirst(),
    ]);
    const of = (verdict: CheckpointResponse['verdict']) =>
      Number(counts.find((row) => row.verdict === verdict)?.count ?? 0);
    return {
      active: Number(active.count),
      answered: counts.reduce((sum, { count }) => sum + Number(count), 0),
      checkpoints: of('contained') + of('beyond') + of('lost'),
      beyond: of('beyond'),
      lost: of('lost'),
      largest: largest ? { size: largest.size ?? 0, root: largest.root ?? '' } : null,
      largestBeyond: beyond ? { size: beyond.size ?? 0, root: beyond.root ?? '', origin: beyond.origin } : null,
    };
  }
}
