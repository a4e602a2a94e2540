/** Routes for actions on the records of one or many devices, and for the preview of every action in bulk. */
import type { z } from 'zod';
import type { ActionName } from '../../shared/api/action-names.ts';
import {
  deviceAction,
  deviceActionImpact,
  deviceActionPreview,
  deviceActionResult,
  deviceEnding,
  deviceRevocation,
  labelChange,
  runningChanges,
} from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Actions } from '../admins/actions.ts';
import type { RightName } from '../admins/rights.ts';
import { type BulkAction, type Devices, type RecordAction, refusalGroups } from '../devices/devices.ts';
import type { Scope } from '../devices/scope.ts';
import { visibleNames } from '../devices/visibility.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { COMMAND_ACTIONS } from './commands.ts';
import { definedFields } from './defined-fields.ts';
import { membershipAction } from './device-placements.ts';
import { type BulkRequest, createDeviceSelection, SAMPLE } from './device-selection.ts';
import type { FilterRights } from './filter-rights.ts';
import { countedEffects, overriddenOrders, placingAction } from './placement-effects.ts';
import { type Route, route } from './route.ts';

export interface DeviceActionsPorts {
  readonly devices: Pick<
    Devices,
    'select' | 'assess' | 'perform' | 'names' | 'getGroup' | 'placements' | 'bulkChanges'
  >;
  readonly filterRights: Pick<FilterRights, 'require'>;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
  readonly actions: Pick<Actions, 'secondPerson'>;
}

type Preview = z.output<typeof deviceActionPreview>;

/**
 * Rights to preview actions whose preview tells more than the record of a device: which groups it is in, or whether another location would
 * alter the effect of an order.
 */
const PREVIEW_RIGHTS: Readonly<Partial<Record<Preview['action'], RightName>>> = {
  place: 'devices.place',
  'add-to-group': 'devices.add-to-group',
  'remove-from-group': 'devices.remove-from-group',
  'place-hold': 'legal-holds.place-many',
};

export function deviceActionRoutes({ devices, filterRights, orders, actions }: DeviceActionsPorts): Route[] {
  const { select, decide } = createDeviceSelection(devices, filterRights);

  async function perform(
    request: BulkRequest<unknown>,
    action: RecordAction,
    needs: ActionName | null,
  ): Promise<z.input<typeof deviceActionResult>> {
    const { affected, refused } = await decide(request, action);
    if (needs && affected.length > 0) await request.authorize(needs, affected);
    const accounts = [request.caller.account.id, request.confirmer];
    const changed = await devices.bulkChanges.run(
      { action: action.kind, devices: affected.length, accounts },
      (advance) => devices.perform(affected, action, advance),
    );
    return { changed, refused };
  }

  async function actionOf({ action, add, remove, change, group }: Preview, scope: Scope): Promise<BulkAction> {
    switch (action) {
      case 'mark-missing':
      case 'mark-found':
      case 'retire':
      case 'place-hold':
      case 'start-lost-mode':
      case 'end-lost-mode':
        return { kind: action };
      case 'revoke':
        return { kind: action, reason: 'unspecified' };
      case 'label':
        return { kind: action, add, remove };
      case 'place':
        return placingAction(devices, definedFields(change ?? {}), scope);
      case 'add-to-group':
      case 'remove-from-group':
        if (group === undefined) throw new CordonError('invalid_input', 'Name the group.', { field: 'group' });
        return membershipAction(devices, action, group, scope);
      default:
        return { kind: 'command', command: action };
    }
  }

  /** Actions of the policy table that the request for the previewed action needs. */
  const neededOf = (action: BulkAction, overrides: number): ActionName | null => {
    switch (action.kind) {
      case 'command':
        return COMMAND_ACTIONS[action.command];
      case 'place':
        return overrides > 0 ? 'location.override' : null;
      case 'revoke':
        return 'device.revoke';
      case 'retire':
        return 'device.retire';
      default:
        return null;
    }
  };

  return [
    route({
      name: 'devices.preview-action',
      method: 'post',
      path: '/device-actions/preview',
      summary: 'Preview an action on many devices: affected devices, and refused devices with the reasons',
      body: deviceActionPreview,
      response: deviceActionImpact,
      async handler({ body, scope: own, demand, caller }) {
        const right = PREVIEW_RIGHTS[body.action];
        const scope = right === undefined ? own : demand(right);
        const action = await actionOf(body, scope.devices);
        const chosen = await select(body, { scope, demand }, action.kind !== 'command');
        const { affected, refused } = await devices.assess(chosen, action);
        const overridden =
          action.kind === 'place' ? [...(await overriddenOrders({ devices, orders }, affected, action)).values()] : [];
        const groups = refusalGroups(refused, SAMPLE);
        const [sample, others] = await Promise.all([
          devices.names(affected.slice(0, SAMPLE)),
          devices.names(groups.flatMap((group) => group.sample)),
        ]);
        return {
          selected: affected.length + refused.length,
          affected: affected.length,
          overrides: overridden.length,
          effects: countedEffects(overridden.flatMap(({ effects }) => effects)),
          secondPerson: await actions.secondPerson(
            caller.account,
            affected.length > 0 ? neededOf(action, overridden.length) : null,
            affected,
          ),
          sample: sample.map(({ id, user, hostname }) => ({ id, user, hostname })),
          refused: groups,
          names: visibleNames(others, scope.devices),
        };
      },
    }),
    route({
      name: 'devices.running-changes',
      method: 'get',
      path: '/device-actions/running',
      summary: "List the caller's running changes of many devices, with their progress",
      response: runningChanges,
      handler: async ({ caller }) => ({ changes: devices.bulkChanges.of(caller.account.id) }),
    }),
    route({
      name: 'devices.mark-missing',
      method: 'post',
      path: '/device-actions/mark-missing',
      summary: 'Mark devices as missing',
      body: deviceAction,
      response: deviceActionResult,
      handler: (request) => perform(request, { kind: 'mark-missing' }, null),
    }),
    route({
      name: 'devices.mark-found',
      method: 'post',
      path: '/device-actions/mark-found',
      summary: 'Remove the mark "missing" from devices',
      body: deviceAction,
      response: deviceActionResult,
      handler: (request) => perform(request, { kind: 'mark-found' }, null),
    }),
    route({
      name: 'devices.retire',
      method: 'post',
      path: '/device-actions/retire',
      summary: 'Retire devices: end their certificates, and delete their records after the retention period',
      body: deviceEnding,
      response: deviceActionResult,
      handler: (request) => perform(request, { kind: 'retire' }, 'device.retire'),
    }),
    route({
      name: 'devices.revoke-many',
      method: 'post',
      path: '/device-actions/revoke',
      summary: 'Revoke the certificates of devices and close their connections',
      body: deviceRevocation,
      response: deviceActionResult,
      handler: (request) => perform(request, { kind: 'revoke', reason: request.body.reason }, 'device.revoke'),
    }),
    route({
      name: 'devices.label',
      method: 'post',
      path: '/device-actions/label',
      summary: 'Add labels to devices, and remove labels',
      body: labelChange,
      response: deviceActionResult,
      handler: (request) =>
        perform(request, { kind: 'label', add: request.body.add, remove: request.body.remove }, null),
    }),
  ];
}
