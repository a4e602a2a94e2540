/**
 * Store of the server's random key shares for locked workspaces, one for each lock command. Each share is stored before its lock command is
 * first sent. The shares of a job are derived from its secret, which is stored with the job. The first report of a device stores its share.
 */
import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { MOST_PASSCODE_SHARES } from '../../shared/protocol/device-http.ts';
import { commandIdSchema } from '../../shared/protocol/ids.ts';
import { jobShare, newUnlockShare, type UnlockShareStore as UnlockSharePort } from '../commands/unlock-shares.ts';
import { insertOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { selectMembers } from './job-members.ts';

type ShareRequest = Parameters<UnlockSharePort['shareOfLock']>[0];

export class UnlockShareStore implements UnlockSharePort {
  readonly #database: Database;
  readonly #make: (request: ShareRequest) => Promise<void>;
  readonly #shareOf = createBatcher((locks: readonly string[]) => this.#readShares(locks));

  constructor(database: Database) {
    this.#database = database;
    // The writes are grouped, because lock commands to many devices need thousands of shares at once.
    this.#make = database.grouped(async (tx, rows: readonly ShareRequest[]) => {
      const shares = insertOf(
        'unlock_shares',
        { command_id: 'text', device_id: 'text', share: 'text', created_at: 'bigint' },
        rows.map(({ lock, device, at }) => [lock, device, newUnlockShare(), at]),
      );
      await sql`${shares} on conflict (command_id) do nothing`.execute(tx);
    });
  }

  async #readShares(locks: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#database.db
      .selectFrom('unlock_shares')
      .select(['command_id', 'share'])
      .where('command_id', 'in', locks)
      .execute();
    return new Map(rows.map(({ command_id, share }) => [command_id, share]));
  }

  async shareOfLock(request: ShareRequest): Promise<string> {
    const known = await this.#shareOf(request.lock);
    if (known !== undefined) return known;
    await this.#make(request);
    const created = await this.#shareOf(request.lock);
    if (created === undefined)
      throw new Error(`the store has no share of the command ${request.lock} after its creation`);
    return created;
  }

  async addPasscodeShare({ device, share, at }: Parameters<UnlockSharePort['addPasscodeShare']>[0]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto('passcode_shares')
        .values({ device_id: device, share, created_at: at })
        .onConflict((conflict) => conflict.columns(['device_id', 'share']).doNothing())
        .execute();
      const kept = (await this.#passcodeShares(tx, device)).map((row) => row.share);
      await tx.deleteFrom('passcode_shares').where('device_id', '=', device).where('share', 'not in', kept).execute();
    });
  }

  async passcodeSharesOf(device: string): Promise<string[]> {
    return (await this.#passcodeShares(this.#database.db, device)).map(({ share }) => share);
  }

  #passcodeShares(db: Db | Tx, device: string): Promise<{ share: string }[]> {
    return db
      .selectFrom('passcode_shares')
      .select('share')
      .where('device_id', '=', device)
      .orderBy('created_at', 'desc')
      .orderBy('share')
      .limit(MOST_PASSCODE_SHARES)
      .execute();
  }

  async sharesOf(device: string, limit: number): Promise<string[]> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('unlock_shares')
      .select(['share', 'created_at', 'command_id'])
      .where('device_id', '=', device)
      .orderBy('created_at', 'desc')
      .orderBy('command_id')
      .limit(limit)
      .execute();
    const members = await selectMembers(
      db,
      sql`jobs j`,
      sql`j.lock_secret is not null and j.waiting > 0 and m.device_id = ${device}`,
      // Only half of the cache may hold such shares. Most of these devices were offline, so they have no lock with this share.
      sql`order by j.created_at desc limit ${Math.ceil(limit / 2)}`,
    );
    const derived = members.flatMap(({ id, created_at, lock_secret }) =>
      lock_secret === null
        ? []
        : [{ command_id: id, created_at, share: jobShare(lock_secret, commandIdSchema.parse(id)) }],
    );
    return [...rows.slice(0, limit - derived.length), ...derived]
      .sort((a, b) => b.created_at - a.created_at || (a.command_id < b.command_id ? -1 : 1))
      .map(({ share }) => share);
  }
}
