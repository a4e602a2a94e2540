/** Groups of devices. The home and legal seat of a group apply to its devices that have no home or seat of their own. */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, type GroupId, newGroupId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Group, GroupChange, GroupStore } from './ports.ts';

export interface GroupsPorts {
  readonly store: GroupStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly changed: (device: DeviceId) => Promise<void>;
}

export function createGroups({ store, bus, clock, changed }: GroupsPorts) {
  async function createGroup({
    mailPrograms = false,
    ...group
  }: {
    readonly name: string;
    readonly home: HomeArea | null;
    readonly seat: HomeArea | null;
    readonly mailPrograms?: boolean;
  }): Promise<Group> {
    const created = { id: newGroupId(), ...group, createdAt: clock.now(), mailPrograms };
    await store.insertGroup(created);
    bus.publish({ kind: 'devices' });
    return { ...created, expression: null, trusted: true, complete: true };
  }

  async function getGroup(id: GroupId): Promise<Group> {
    const group = await store.group(id);
    if (!group) throw unknownGroup(id);
    return group;
  }

  async function updateGroup(id: GroupId, change: GroupChange): Promise<Group> {
    const { expression } = await getGroup(id);
    if (expression !== null && (change.home || change.seat || change.mailPrograms)) throw noPlacement(id);
    if (!(await store.updateGroup(id, change, clock.now()))) throw unknownGroup(id);
    if (change.home !== undefined || change.seat !== undefined || change.mailPrograms !== undefined) {
      for (const device of await store.devicesOf(id)) await changed(device);
    }
    bus.publish({ kind: 'devices' });
    return getGroup(id);
  }

  async function deleteGroup(id: GroupId): Promise<void> {
    if (!(await store.deleteGroup(id, clock.now()))) throw unknownGroup(id);
    bus.publish({ kind: 'devices' });
  }

  /** Members for the exemption of a group from an order. A device must not be able to exempt itself by its own claims. */
  async function trustedMembers(id: GroupId): Promise<DeviceId[]> {
    const group = await store.group(id);
    if (group && !group.trusted) {
      const detail =
        'Facts that devices report decide which devices are in this dynamic group, so an order cannot exempt it. An owner can trust the group first.';
      throw new CordonError('conflict', detail, { group: id });
    }
    return store.membersOf(id);
  }

  return {
    trustedMembers,
    groups: () => store.groups(),
    getGroup,
    createGroup,
    updateGroup,
    placementsOf: (group: GroupId) => store.placementsOf(group),
    deleteGroup,
  };
}

function noPlacement(group: GroupId): CordonError {
  const detail =
    'A dynamic group has no home area, legal seat or mail rule. Set them on the primary group of the devices.';
  return new CordonError('conflict', detail, { group });
}

function unknownGroup(id: GroupId): CordonError {
  return new CordonError('not_found', 'There is no such group.', { group: id });
}
