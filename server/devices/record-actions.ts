/**
 * Actions of admins on the records of devices: mark as missing or found, retire, revoke, and change labels. Each works on one device and on
 * many. `assess` is the preview of an action, and the same decision precedes the action itself.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import {
  type Assessment,
  assess,
  type BulkAction,
  type PlacingAction,
  type RecordAction,
  type RefusedAction,
} from './bulk-actions.ts';
import type { Advance } from './bulk-changes.ts';
import { type ChangedPlacement, changedPlacement } from './placement.ts';
import type { LifeCycleStore } from './ports.ts';
import type { RevocationReason } from './revocation-reasons.ts';
import { stepsOf } from './steps.ts';

/** Number of enrollments that end before other requests run. Each has its own transaction with ledger entries. */
const ENDED_TOGETHER = 20;

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
  async function endAll(devices: readonly DeviceId[], end: End, advance: Advance): Promise<number> {
    let ended = 0;
    for await (const some of stepsOf(devices, ENDED_TOGETHER)) {
      for (const device of some) {
        if (await end(device)) ended += 1;
        bus.publish({ kind: 'ended', device });
      }
      advance(some.length);
    }
    return ended;
  }

  async function apply(devices: readonly DeviceId[], action: RecordAction, advance: Advance): Promise<number> {
    switch (action.kind) {
      case 'mark-missing':
        return store.setMissing(devices, clock.now());
      case 'mark-found':
        return store.setMissing(devices, null);
      case 'label':
        await store.changeLabels(devices, action.add, action.remove);
        return devices.length;
      case 'retire':
        return endAll(devices, retire, advance);
      case 'revoke':
        return endAll(devices, (device) => revoke(device, action.reason), advance);
    }
  }

  return {
    async assess(devices: readonly DeviceId[], action: BulkAction): Promise<Assessment> {
      const affected: DeviceId[] = [];
      const refused: RefusedAction[] = [];
      for await (const some of stepsOf([...new Set(devices)])) {
        const decided = assess(some, await store.facts(some), action);
        affected.push(...decided.affected);
        refused.push(...decided.refused);
      }
      return { affected, refused };
    },

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
    async perform(
      devices: readonly DeviceId[],
      action: RecordAction,
      advance: Advance = () => undefined,
    ): Promise<number> {
      if (devices.length === 0) return 0;
      const changed = await apply(devices, action, advance);
      bus.publish({ kind: 'devices' });
      return changed;
    },
  };
}
