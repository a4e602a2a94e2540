/** Random shares that lock a workspace: one for each lock command, made when the command is first sent. */
import { randomBytes } from 'node:crypto';
import type { UnlockShareStore as UnlockSharePort } from '../commands/unlock-shares.ts';
import type { Database } from './database.ts';

type Wanted = Parameters<UnlockSharePort['shareOfLock']>[0];

export class UnlockShareStore implements UnlockSharePort {
  readonly #database: Database;
  readonly #make: (wanted: Wanted) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#make = database.grouped(async (tx, rows: readonly Wanted[]) => {
      for (const { lock, device, at } of rows) {
        const share = randomBytes(32).toString('base64');
        await tx
          .insertInto('unlock_shares')
          .values({ command_id: lock, device_id: device, share, created_at: at })
          .onConflict((conflict) => conflict.column('command_id').doNothing())
          .execute();
      }
    });
  }

  async shareOfLock(wanted: Wanted): Promise<string> {
    const stored = () =>
      this.#database.db
        .selectFrom('unlock_shares')
        .select('share')
        .where('command_id', '=', wanted.lock)
        .executeTakeFirst();
    const known = await stored();
    if (known) return known.share;
    await this.#make(wanted);
    const made = await stored();
    if (!made) throw new Error(`the share of the command ${wanted.lock} was stored and is not there`);
    return made.share;
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
