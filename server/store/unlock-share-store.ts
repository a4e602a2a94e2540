/**
 * Store of the server's random key shares for locked workspaces, one for each lock command. A share is stored before the lock command is
 * first sent.
 */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { UnlockShareStore as UnlockSharePort } from '../commands/unlock-shares.ts';
import { insertOf } from './bulk.ts';
import type { Database } from './database.ts';

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
        rows.map(({ lock, device, at }) => [lock, device, randomBytes(32).toString('base64'), at]),
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

  async sharesOf(device: string, limit: number): Promise<string[]> {
    const rows = await this.#database.db
      .selectFrom('unlock_shares')
      .select('share')
      .where('device_id', '=', device)
      .orderBy('created_at', 'desc')
      .orderBy('command_id')
      .limit(limit)
      .execute();
    return rows.map(({ share }) => share);
  }
}
