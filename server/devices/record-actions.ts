/**
 * Actions of admins on the records of devices: mark as missing or found, retire, revoke, and change labels. Each works on one device and on
 * many. `assess` is the preview of an action, and the same decision precedes the action itself.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { type Assessment, assess, type BulkAction, type PlacingAction, type RecordAction } from './bulk-actions.ts';
import { type ChangedPlacement, changedPlacement } from './placement.ts';
import type { LifeCycleStore } from './ports.ts';
import type { RevocationReason } from './revocation-reasons.ts';

/** Maximum number of devices of one request with an action that needs its own transaction for each device. */
const MOST_CHANGED = 1_000;
const ONE_BY_ONE: ReadonlySet<BulkAction['kind']> = new Set(['retire', 'revoke', 'place', 'place-hold']);

/** Ends the enrollment of one device. Returns false if another request has already ended it. */
type End = (device: DeviceId) => Promise<boolean>;

export interface RecordActionsPorts {
  readonly store: LifeCycleStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly retire: End;
  readonly revoke: (device: DeviceId, reason: RevocationReason) => Promise<boolean>;
}

export function createRecordActions({ store, bus, clock, retire, revoke }: RecordActionsPorts) {
  async function endAll(devices: readonly DeviceId[], end: End): Promise<number> {
    let ended = 0;
    for (const device of devices) {
      if (await end(device)) ended += 1;
      bus.publish({ kind: 'ended', device });
    }
    return ended;
  }

  async function apply(devices: readonly DeviceId[], action: RecordAction): Promise<number> {
    switch (action.kind) {
      case 'mark-missing':
        return store.setMissing(devices, clock.now());
      case 'mark-found':
        return store.setMissing(devices, null);
      case 'label':
        await store.changeLabels(devices, action.add, action.remove);
        return devices.length;
      case 'retire':
        return endAll(devices, retire);
      case 'revoke':
        return endAll(devices, (device) => revoke(device, action.reason));
    }
  }

  return {
    assess: async (devices: readonly DeviceId[], action: BulkAction): Promise<Assessment> =>
      assess(devices, await store.facts(devices), action),

    /** Placements before and after the action, of devices that `assess` allowed. A device without a record is absent. */
    async placements(
      devices: readonly DeviceId[],
      { target, change }: PlacingAction,
    ): Promise<ReadonlyMap<DeviceId, ChangedPlacement>> {
      const facts = await store.facts(devices);
      return new Map(
        [...facts].map(([id, known]) => [
          id,
          changedPlacement(known, { before: known.group, after: target ?? known.group }, change),
        ]),
      );
    },

    /** Performs the action on devices that `assess` allowed. Returns the number of changed devices. */
    async perform(devices: readonly DeviceId[], action: RecordAction): Promise<number> {
      if (devices.length === 0) return 0;
      const changed = await apply(devices, action);
      bus.publish({ kind: 'devices' });
      return changed;
    },
  };
}

/** Throws `invalid_input` if one request would change too many devices one by one. */
export function requireFewChanged({ kind }: BulkAction, count: number): void {
  if (!ONE_BY_ONE.has(kind) || count <= MOST_CHANGED) return;
  const detail = `One request changes at most ${MOST_CHANGED} devices in this way, and this one concerns ${count} devices. Choose fewer devices.`;
  throw new CordonError('invalid_input', detail, { field: 'devices', limit: MOST_CHANGED });
}
