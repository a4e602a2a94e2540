import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Outbox, OutboxRow } from '../link/outbox.ts';
import type { DeviceRows } from './device-rows.ts';

/** Maximum number of unsent alerts with the same code. Without a limit, an offline device under attack would fill its disk. */
const MOST_ALERTS_WAITING = 64;

/**
 * Rows of the outbox. Sequence numbers never repeat within one enrollment of the device. Confirmed rows are deleted, so the last number is
 * stored separately.
 */
export function outboxRows(rows: DeviceRows): Outbox {
  const generation = () => rows.value<number>('generation') ?? 0;

  function alertsWaiting(code: string): number {
    const [row] = rows.all(
      "select count(*) as n from outbox where device = ? and type = 'alert' and json_extract(item, '$.code') = ?",
      code,
    );
    return Number(row?.n ?? 0);
  }

  function reports(where: string, after: number, limit: number): OutboxRow[] {
    const found = rows.all(
      `select seq, item from outbox where device = ? and generation = ? and ${where} order by seq limit ?`,
      generation(),
      after,
      limit,
    );
    return found.map((row) => ({ seq: Number(row.seq), item: JSON.parse(String(row.item)) }));
  }

  return {
    generation,
    beginGeneration(next) {
      rows.transaction(() => {
        if (generation() === next) return;
        rows.run('delete from outbox where device = ?');
        rows.run('delete from command where device = ?');
        rows.saveValue('generation', next);
        rows.saveValue('sequence', 0);
      });
    },
    report(item: ReportItem): void {
      if (item.type === 'alert' && alertsWaiting(item.code) >= MOST_ALERTS_WAITING) return;
      rows.transaction(() => {
        const seq = (rows.value<number>('sequence') ?? 0) + 1;
        rows.saveValue('sequence', seq);
        rows.run(
          'insert into outbox (device, generation, seq, type, item) values (?, ?, ?, ?, ?)',
          generation(),
          seq,
          item.type,
          JSON.stringify(item),
        );
      });
    },
    unconfirmed(after: number, limit: number): readonly OutboxRow[] {
      return reports('seq > ?', after, limit);
    },
    postable(limit: number): readonly OutboxRow[] {
      return reports("seq > ? and type in ('receipt', 'evidence')", 0, limit);
    },
    /** Deletes confirmed reports. Runs also on a full disk, because it frees space. */
    confirm(through: number): void {
      rows.reserved(() => {
        rows.run('delete from outbox where device = ? and seq <= ?', through);
        // A sequence number on the server that is higher than this device's shows that this device's store was restored from a backup. The
        // sequence then continues after the server's number.
        if (through > (rows.value<number>('sequence') ?? 0)) rows.saveValue('sequence', through);
      });
    },
    remove(sequences: readonly number[]): void {
      rows.reserved(() => {
        for (const seq of sequences) rows.run('delete from outbox where device = ? and seq = ?', seq);
      });
    },
    count(): number {
      const [row] = rows.all('select count(*) as n from outbox where device = ?');
      return Number(row?.n ?? 0);
    },
  };
}
