/**
 * Intake of inventory reports. Reports share transactions, and a transaction changes a bounded number of entries: a first report may have
 * hundreds of entries, and a thousand devices may enroll in one minute. Other devices' check-ins therefore wait for at most one such
 * transaction.
 */
import { CordonError } from '../../shared/errors.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import { MOST_ENTRIES } from '../../shared/inventory/software.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceReport, InventoryStore, ReportResult } from './ports.ts';

/** Maximum number of changed software entries in one transaction, unless a single report has more. */
const ENTRIES_TOGETHER = 1_500;
const REPORTS_TOGETHER = 128;
/**
 * Maximum number of software entries that a device may change in a day: three times the longest list. This bounds the work that a lying
 * device can cause.
 */
export const MOST_CHANGES_PER_DAY = 3 * MOST_ENTRIES;
const DAY = 86_400_000;

interface Waiting extends DeviceReport {
  readonly resolve: (result: ReportResult) => void;
  readonly reject: (error: unknown) => void;
}

const weightOf = ({ software }: InventoryReport): number =>
  1 + (software ? software.added.length + software.removed.length : 0);

export function createIntake(store: Pick<InventoryStore, 'put'>, now: () => number, mostPerDay: number) {
  const queue: Waiting[] = [];
  const changed = new Map<DeviceId, number>();
  let day = 0;
  let working = false;

  function charge({ device, report }: DeviceReport): void {
    const today = Math.floor(now() / DAY);
    if (today !== day) changed.clear();
    day = today;
    const total = (changed.get(device) ?? 0) + weightOf(report);
    if (total > mostPerDay) {
      const detail = `The device changed more than ${mostPerDay} software entries in one day. Its inventory is updated again tomorrow.`;
      throw new CordonError('too_large', detail, { device });
    }
    changed.set(device, total);
  }

  /** Takes reports of different devices from the start of the queue, up to the limits of a transaction. */
  function take(): Waiting[] {
    const taken: Waiting[] = [];
    const devices = new Set<DeviceId>();
    let weight = 0;
    for (let next = queue[0]; next; next = queue[0]) {
      weight += weightOf(next.report);
      if (taken.length > 0 && (weight > ENTRIES_TOGETHER || devices.has(next.device))) break;
      if (taken.length === REPORTS_TOGETHER) break;
      queue.shift();
      devices.add(next.device);
      taken.push(next);
    }
    return taken;
  }

  async function storeTogether(taken: readonly Waiting[]): Promise<void> {
    try {
      const results = await store.put(taken);
      taken.forEach(({ resolve }, index) => void resolve(results[index] ?? 'wanted'));
    } catch (error) {
      const [only] = taken;
      if (only && taken.length === 1) only.reject(error);
      // If the common transaction failed, each report is stored alone, so that one invalid report does not affect the others.
      else for (const one of taken) await storeTogether([one]);
    }
  }

  async function work(): Promise<void> {
    working = true;
    while (queue.length > 0) {
      await storeTogether(take());
      await new Promise(setImmediate);
    }
    working = false;
  }

  /** Resolves when the report is stored durably. Rejects with `too_large` if the device changes too much. */
  return (report: DeviceReport): Promise<ReportResult> =>
    new Promise((resolve, reject) => {
      try {
        charge(report);
      } catch (error) {
        reject(error);
        return;
      }
      queue.push({ ...report, resolve, reject });
      if (!working) void work();
    });
}
