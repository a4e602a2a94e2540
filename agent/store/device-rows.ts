import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Statements, Value } from './statements.ts';

export class DeviceRows {
  readonly sql: Statements;
  readonly device: DeviceId;
  readonly #reserve: Pick<DiskReserve, 'run'>;

  constructor(sql: Statements, device: DeviceId, reserve: Pick<DiskReserve, 'run'>) {
    this.sql = sql;
    this.device = device;
    this.#reserve = reserve;
  }

  /** Runs a statement whose first parameter is the device. Returns the number of changed rows. */
  run(text: string, ...values: Value[]): number {
    return this.sql.run(text, this.device, ...values);
  }

  all(text: string, ...values: Value[]) {
    return this.sql.all(text, this.device, ...values);
  }

  transaction<T>(work: () => T): T {
    return this.sql.transaction(work);
  }

  reserved<T>(work: () => T): T {
    const { inTransaction } = this.sql;
    // On a full disk, the reserve repeats the whole transaction. Therefore only the outermost call uses the reserve.
    if (inTransaction) return work();
    return this.#reserve.run(
      () => this.transaction(work),
      () => this.sql.checkpoint(),
    );
  }

  value<T>(name: string): T | null {
    const [row] = this.all('select value from state where device = ? and name = ?', name);
    return row ? JSON.parse(String(row.value)) : null;
  }

  saveValue(name: string, value: unknown): void {
    this.run('insert or replace into state (device, name, value) values (?, ?, ?)', name, JSON.stringify(value));
  }
}
