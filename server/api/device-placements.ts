/** Routes that change many devices at once: placement, members of static groups, and legal holds. */
import { deviceActionResult, holdOnMany, membershipOfMany, placementOfMany } from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { type Devices, type MembershipAction, stepsOf } from '../devices/devices.ts';
import { groupInScope, type Scope } from '../devices/scope.ts';
import type { GroupMembers } from '../groups/groups.ts';
import type { Holds } from '../holds/holds.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { definedFields } from './defined-fields.ts';
import { type BulkRequest, createDeviceSelection } from './device-selection.ts';
import type { FilterRights } from './filter-rights.ts';
import { requireShort } from './location-override.ts';
import { overriddenOrders, placingAction } from './placement-effects.ts';
import { type Route, route } from './route.ts';

export interface DevicePlacementsPorts {
  readonly devices: Pick<Devices, 'select' | 'assess' | 'getGroup' | 'placements' | 'updateAll' | 'bulkChanges'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
  readonly groupMembers: Pick<GroupMembers, 'changeMembers'>;
  readonly holds: Pick<Holds, 'placeAll'>;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
  readonly now: () => number;
}

/** Action of the request. Throws for a group that is dynamic, unknown or outside the scope. */
export async function membershipAction(
  devices: Pick<Devices, 'getGroup'>,
  kind: MembershipAction['kind'],
  id: GroupId,
  scope: Scope,
): Promise<MembershipAction> {
  const group = await devices.getGroup(id);
  if (!groupInScope(scope, group))
    throw new CordonError('out_of_scope', 'Your role does not include this group.', { group: id });
  if (group.expression !== null) {
    const detail = 'The expression of a dynamic group decides its members. Choose a static group.';
    throw new CordonError('conflict', detail, { group: id });
  }
  return { kind, group: id, scope };
}

export function devicePlacementRoutes(ports: DevicePlacementsPorts): Route[] {
  const { devices, filterRights, groupMembers, holds, now } = ports;
  const { decide } = createDeviceSelection(devices, filterRights);

  async function changeMembers(
    request: BulkRequest<{ readonly group: GroupId }>,
    kind: MembershipAction['kind'],
  ): Promise<{ changed: number; refused: Awaited<ReturnType<typeof decide>>['refused'] }> {
    const action = await membershipAction(devices, kind, request.body.group, request.scope.devices);
    const { affected, refused } = await decide(request, action);
    const [add, remove] = kind === 'add-to-group' ? [affected, []] : [[], affected];
    if (affected.length > 0) await groupMembers.changeMembers(action.group, add, remove);
    return { changed: affected.length, refused };
  }

  return [
    route({
      name: 'devices.place',
      method: 'post',
      path: '/device-actions/place',
      summary: 'Change home, seat or group of devices, or state their location',
      body: placementOfMany,
      response: deviceActionResult,
      async handler(request) {
        const { body, scope, caller, confirmer, authorize } = request;
        const { statement, ...change } = definedFields(body.change);
        const action = await placingAction(devices, definedFields(body.change), scope.devices);
        const { affected, refused } = await decide(request, action);
        const overridden = await overriddenOrders(ports, affected, action);
        const orders = [
          ...new Set([...overridden.values()].flatMap(({ effects }) => effects.map(({ order }) => order))),
        ];
        if (statement) requireShort(statement.until, orders, overridden.size, now());
        if (orders.length > 0) await authorize('location.override', affected);
        const by = caller.account.id;
        const overrides = new Map(
          [...overridden].map(([device, { effects, home, seat }]) => [
            device,
            { orders: effects.map(({ order }) => order), home, seat, by, confirmedBy: confirmer },
          ]),
        );
        const made = {
          ...change,
          ...(statement !== undefined && {
            statement: statement && { ...statement, by, confirmedBy: confirmer },
          }),
        };
        const changed = await devices.bulkChanges.run(
          { action: 'place', devices: affected.length, accounts: [by, confirmer] },
          (advance) => devices.updateAll(affected, made, overrides, advance),
        );
        return { changed, refused };
      },
    }),
    route({
      name: 'devices.add-to-group',
      method: 'post',
      path: '/device-actions/add-to-group',
      summary: 'Add devices to a static group',
      body: membershipOfMany,
      response: deviceActionResult,
      handler: (request) => changeMembers(request, 'add-to-group'),
    }),
    route({
      name: 'devices.remove-from-group',
      method: 'post',
      path: '/device-actions/remove-from-group',
      summary: 'Remove devices from a static group',
      body: membershipOfMany,
      response: deviceActionResult,
      handler: (request) => changeMembers(request, 'remove-from-group'),
    }),
    route({
      name: 'legal-holds.place-many',
      method: 'post',
      path: '/device-actions/place-hold',
      summary: 'Place a legal hold on each of the devices',
      body: holdOnMany,
      response: deviceActionResult,
      async handler(request) {
        const { reason, reference = null } = request.body;
        const { affected, refused } = await decide(request, { kind: 'place-hold' });
        const by = request.caller.account.id;
        const changed = await devices.bulkChanges.run(
          { action: 'place-hold', devices: affected.length, accounts: [by, request.confirmer] },
          async (advance) => {
            let placed = 0;
            for await (const some of stepsOf(affected)) {
              placed += await holds.placeAll({ devices: some, reason, reference, by });
              advance(some.length);
            }
            return placed;
          },
        );
        return { changed, refused };
      },
    }),
  ];
}
