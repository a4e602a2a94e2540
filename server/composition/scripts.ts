import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createScripts, type ScriptsPorts } from '../scripts/scripts.ts';
import type { Database } from '../store/database.ts';
import { ScriptStore } from '../store/script-store.ts';

/** Scripts that admins run on devices. */
export function connectScripts(
  {
    database,
    installation,
    bus,
    clock,
  }: { readonly database: Database; readonly installation: string; readonly bus: Bus; readonly clock: Clock },
  approverSets: ScriptsPorts['approverSets'],
) {
  return createScripts({ store: new ScriptStore(database), approverSets, installation, bus, clock });
}
