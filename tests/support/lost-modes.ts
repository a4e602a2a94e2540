import type { Bus } from '../../server/bus/bus.ts';
import { createLostModes, type LostModes } from '../../server/lost-mode/lost-mode.ts';
import type { Database } from '../../server/store/database.ts';
import { LostModeStore } from '../../server/store/lost-mode-store.ts';
import { PositionFile } from '../../server/store/position-file.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { testCustody } from './custody.ts';

/** Lost mode over a real store, with the positions in memory. */
export const testLostModes = (database: Database, bus: Bus, clock: Clock): LostModes =>
  createLostModes({
    store: new LostModeStore(database),
    positions: new PositionFile(':memory:'),
    sealer: testCustody(),
    bus,
    clock,
  });
