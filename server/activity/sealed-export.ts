import { ACTIVITY_FORMAT, type ExportLine } from '../../shared/activity/verify-export.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { ActivityStore } from './ports.ts';

const BATCHES_AT_ONCE = 50;
/** Maximum number of unsealed entries in an export. The number is never large, because the server seals such entries soon. */
const MOST_UNSEALED = 10_000;

/**
 * Export of whole batches. A reader can therefore see whether an entry of the time range is missing. A batch whose entries are past their
 * retention period keeps its header.
 */
export function createActivityExport({
  store,
  installation,
  clock,
}: {
  readonly store: ActivityStore;
  readonly installation: string;
  readonly clock: Clock;
}) {
  return async function* sealedExport(range: {
    readonly from: number | null;
    readonly to: number | null;
  }): AsyncGenerator<string> {
    const line = (value: ExportLine) => `${JSON.stringify(value)}\n`;
    yield line({ format: ACTIVITY_FORMAT, installation, ...range, exportedAt: clock.now() });
    let batches = 0;
    let count = 0;
    for (let after = 0; ; ) {
      const some = await store.batches(range, after, BATCHES_AT_ONCE);
      for (const { salt, hash: _, ...batch } of some) {
        const entries = await store.entriesOf(batch.number);
        // The server deletes whole batches after the retention period. If a batch has fewer entries than its size, the deletion is in
        // progress, and the export contains none of its entries.
        const expired = entries.length < batch.size && entries.length === 0;
        yield [line({ batch, salt, expired }), ...entries.map((entry) => line({ entry }))].join('');
        batches += 1;
        count += entries.length;
        after = batch.number;
      }
      if (some.length < BATCHES_AT_ONCE) break;
    }
    const unsealed = await store.unsealed(range, MOST_UNSEALED);
    if (unsealed.length > 0) yield unsealed.map((entry) => line({ unsealed: entry })).join('');
    yield line({ end: { batches, entries: count } });
  };
}
