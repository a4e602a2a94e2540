import { type LostMode, lostModeSchema } from '../../shared/lost-mode/lost-mode.ts';
import type { LostModeId } from '../../shared/protocol/ids.ts';
import type { Outbox } from '../link/outbox.ts';
import { type LostModeStore, MOST_ENDED } from '../lost-mode/lost-mode.ts';
import type { DeviceRows } from './device-rows.ts';

const MODE = 'lost-mode';
const ENDED = 'ended-lost-modes';
const NAME = 'display-name';

export function lostModeRows(rows: DeviceRows, outbox: Pick<Outbox, 'report'>): LostModeStore {
  const endedLostModes = () => rows.value<LostModeId[]>(ENDED) ?? [];
  return {
    lostMode: (): LostMode | null => lostModeSchema.nullable().parse(rows.value(MODE)),
    endedLostModes,
    saveLostMode: (mode) => rows.saveValue(MODE, mode),
    endLostMode(id, report) {
      // A full disk must not keep lost mode on.
      rows.reserved(() => {
        rows.saveValue(MODE, null);
        rows.saveValue(ENDED, [id, ...endedLostModes().filter((other) => other !== id)].slice(0, MOST_ENDED));
        if (report) outbox.report(report);
      });
    },
    displayName: () => rows.value<string>(NAME) ?? '',
    saveDisplayName: (name) => rows.saveValue(NAME, name),
  };
}
