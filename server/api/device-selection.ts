/** Selection of devices for an action in bulk: the admin's devices or filter, and the devices that the action affects. */
import type { z } from 'zod';
import type { deviceAction } from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type BulkAction, type Devices, refusalGroups } from '../devices/devices.ts';
import { definedFields } from './defined-fields.ts';
import type { FilterRights } from './filter-rights.ts';
import { type Input, locatedBy } from './route.ts';

/** Devices in a preview, and in the sample of each reason to refuse. */
export const SAMPLE = 20;

type Selection = Pick<z.output<typeof deviceAction>, 'devices' | 'filter'>;
export type BulkRequest<Body> = Input<unknown, unknown, Body & z.output<typeof deviceAction>>;

export interface Decided {
  readonly affected: readonly DeviceId[];
  readonly refused: ReturnType<typeof refusalGroups>;
}

export function createDeviceSelection(
  devices: Pick<Devices, 'select' | 'assess'>,
  filterRights: Pick<FilterRights, 'require'>,
) {
  /** `ended`: whether a filter also selects devices without an enrollment. */
  async function select(
    { devices: named, filter }: Selection,
    { scope, demand }: Pick<BulkRequest<unknown>, 'scope' | 'demand'>,
    ended: boolean,
  ): Promise<readonly DeviceId[]> {
    await filterRights.require(filter ?? {}, scope.devices, demand);
    const selection = named ?? definedFields(filter ?? {});
    return devices.select(selection, scope.devices, { ended, addresses: locatedBy(demand) });
  }

  return {
    select,

    /** Decides which devices the action affects, and names them for the activity log. Throws if the admin confirmed another number. */
    async decide(request: BulkRequest<unknown>, action: BulkAction): Promise<Decided> {
      const { body, scope, confirmed, concern } = request;
      // The second person has confirmed exactly these devices, so the server does not apply the filter again.
      const chosen = confirmed ? await devices.select(confirmed, scope.devices) : await select(body, request, true);
      const { affected, refused } = await devices.assess(chosen, action);
      if (confirmed === null) requireExpected(body.expect, affected.length);
      concern(affected);
      return { affected, refused: refusalGroups(refused, SAMPLE) };
    },
  };
}

function requireExpected(expect: number | undefined, affected: number): void {
  if (expect === undefined || expect === affected) return;
  const detail = `The action now affects ${affected} devices instead of ${expect}. Nothing was changed. Review the devices, and confirm the new number.`;
  throw new CordonError('conflict', detail, { devices: affected });
}
