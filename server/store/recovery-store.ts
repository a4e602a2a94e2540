import { sql } from 'kysely';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type RecoveryState, recoverySchema } from '../recovery/recovery-state.ts';
import type { RecoveryStateStore } from '../recovery/stored-recovery.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { getMeta, RECOVERY_KEY, setMeta } from './meta-store.ts';

export class RecoveryStore implements RecoveryStateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async state(): Promise<RecoveryState | null> {
    const text = await getMeta(this.#database.db, RECOVERY_KEY);
    return text === null ? null : recoverySchema.parse(JSON.parse(text));
  }

  async saveState(state: RecoveryState, entry: EntryDraft | null): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await setMeta(tx, RECOVERY_KEY, JSON.stringify(state));
      if (entry) await appendEntry(tx, entry);
    });
  }

  /**
   * Sets home area and legal seat of a device without an activation code, from the device's own signed record. Returns true if a value was
   * set.
   */
  async setAreas(device: DeviceId, { home, seat }: { home: string | null; seat: string | null }): Promise<boolean> {
    const [newHome, newSeat] = [sql`cast(${home} as text)`, sql`cast(${seat} as text)`];
    const { rows } = await sql`update devices set home = coalesce(home, ${newHome}), seat = coalesce(seat, ${newSeat})
      where id = ${device} and status = 'active'
        and ((home is null and ${newHome} is not null) or (seat is null and ${newSeat} is not null))
        and not exists (select 1 from activation_codes where activation_codes.id = devices.id)
      returning id`.execute(this.#database.db);
    return rows.length > 0;
  }
}
