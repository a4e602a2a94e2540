/** Routes for actions on the records of one or many devices, and for the preview of every action in bulk. */
import type { z } from 'zod';
import {
  deviceAction,
  deviceActionImpact,
  deviceActionPreview,
  deviceActionResult,
  deviceEnding,
  deviceRevocation,
  labelChange,
} from '../../shared/api/device-actions.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ActionName } from '../admins/action-policy.ts';
import {
  type BulkAction,
  type Devices,
  type RecordAction,
  refusalGroups,
  requireFewEnded,
} from '../devices/devices.ts';
import { visibleNames } from '../devices/visibility.ts';
import { definedFields } from './defined-fields.ts';
import { requireFilterRights } from './filter-rights.ts';
import { type Input, type Route, route } from './route.ts';

export interface DeviceActionsPorts {
  readonly devices: Pick<Devices, 'select' | 'assess' | 'perform' | 'names'>;
}

/** Devices in a preview, and in the sample of each reason to refuse. */
const SAMPLE = 20;

type Selection = Pick<z.output<typeof deviceAction>, 'devices' | 'filter'>;
type Request<Body> = Input<unknown, unknown, Body & z.output<typeof deviceAction>>;

export function deviceActionRoutes({ devices }: DeviceActionsPorts): Route[] {
  async function selected(
    { devices: named, filter }: Selection,
    { scope, demand }: Pick<Request<unknown>, 'scope' | 'demand'>,
    ended: boolean,
  ): Promise<readonly DeviceId[]> {
    requireFilterRights(filter ?? {}, scope.devices, demand);
    return devices.select(named ?? definedFields(filter ?? {}), scope.devices, ended);
  }

  async function perform(
    request: Request<unknown>,
    action: RecordAction,
    needs: ActionName | null,
  ): Promise<z.input<typeof deviceActionResult>> {
    const { body, scope, confirmed, concern, authorize } = request;
    // The second person has confirmed exactly these devices, so the server does not apply the filter again.
    const chosen = confirmed ? await devices.select(confirmed, scope.devices) : await selected(body, request, true);
    const { affected, refused } = await devices.assess(chosen, action);
    requireFewEnded(action, affected.length);
    if (confirmed === null) requireExpected(body.expect, affected.length);
    concern(affected);
    if (needs && affected.length > 0) await authorize(needs, affected);
    return { changed: await devices.perform(affected, action), refused: refusalGroups(refused, SAMPLE) };
  }

  return [
    route({
      name: 'devices.preview-action',
      method: 'post',
      path: '/device-actions/preview',
      summary: 'Preview an action on many devices: affected devices, and refused devices with the reasons',
      body: deviceActionPreview,
      response: deviceActionImpact,
      async handler({ body, scope, demand }) {
        const action = actionOf(body);
        const chosen = await selected(body, { scope, demand }, action.kind !== 'command');
        const { affected, refused } = await devices.assess(chosen, action);
        const groups = refusalGroups(refused, SAMPLE);
        const [sample, others] = await Promise.all([
          devices.names(affected.slice(0, SAMPLE)),
          devices.names(groups.flatMap((group) => group.sample)),
        ]);
        return {
          selected: affected.length + refused.length,
          affected: affected.length,
          sample: sample.map(({ id, user, hostname }) => ({ id, user, hostname })),
          refused: groups,
          names: visibleNames(others, scope.devices),
        };
      },
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

function requireExpected(expect: number | undefined, affected: number): void {
  if (expect === undefined || expect === affected) return;
  const detail = `The action now affects ${affected} devices instead of ${expect}. Nothing was changed. Review the devices, and confirm the new number.`;
  throw new CordonError('conflict', detail, { devices: affected });
}

function actionOf({ action, add, remove }: z.output<typeof deviceActionPreview>): BulkAction {
  switch (action) {
    case 'mark-missing':
    case 'mark-found':
    case 'retire':
      return { kind: action };
    case 'revoke':
      return { kind: action, reason: 'unspecified' };
    case 'label':
      return { kind: action, add, remove };
    default:
      return { kind: 'command', command: action };
  }
}
