import type { z } from 'zod';
import { codePage, codeParams, codeQuery, createdCode, newCode } from '../../shared/api/codes.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import { groupsWith, requireInScope } from '../devices/scope.ts';
import type { Enrollment } from '../enrollment/enrollment.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import type { People } from '../people/people.ts';
import { requireNoEffect } from './no-effect.ts';
import { Reply, type Route, route } from './route.ts';

export interface CodesPorts {
  readonly enrollment: Pick<Enrollment, 'createCode' | 'listCodes' | 'getCode' | 'cancelCode'>;
  readonly devices: Pick<Devices, 'get' | 'getGroup'>;
  readonly people: Pick<People, 'personInScope'>;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
}

export function codeRoutes({ enrollment, devices, people, orders }: CodesPorts): Route[] {
  /**
   * Throws `conflict` if the new enrollment's values would change a verdict for the device, because a second person must confirm such a
   * change.
   */
  async function requireSameVerdict(id: DeviceId, code: z.output<typeof newCode>): Promise<void> {
    const { own, group, statement } = await devices.get(id, null);
    const inherited = await devices.getGroup(group.id);
    const present = { statement, home: own.home ?? inherited.home, seat: own.seat ?? inherited.seat };
    const next = { statement, home: code.home ?? present.home, seat: code.seat ?? present.seat };
    await requireNoEffect(orders.statements, [{ device: id, present, placement: next }], (numbers) => {
      const detail = `The code would change the effect of order ${numbers.join(' and order ')} on the device. Change the device's home or seat first: a second person confirms it.`;
      return new CordonError('conflict', detail, { device: id, orders: numbers });
    });
  }

  return [
    route({
      name: 'codes.create',
      method: 'post',
      path: '/codes',
      summary: 'Create an activation code as a link',
      body: newCode,
      response: createdCode,
      statuses: [201],
      async handler({ body, scope, demand, authorize, caller }) {
        const { person, group, home, seat, device } = body;
        await people.personInScope(person, scope.devices);
        if (body.mailConnector) {
          demand('codes.create-mail-connector');
          await authorize('mail-connector.enroll', []);
        }
        if (device === null) {
          requireInScope(scope.devices, { groups: [group], home: home ?? (await devices.getGroup(group)).home });
        } else {
          const { person: before, status } = await devices.get(device, scope.devices);
          // A new enrollment ends the device's current enrollment, so the activation code needs the same authorization as a revocation.
          if (status === 'active') await devices.get(device, demand('devices.revoke').devices);
          // An activation code that changes the device's person, home or legal seat also needs the right to change the device.
          if (person !== before || home !== null || seat !== null) {
            const { devices: changing } = demand('devices.update');
            const known = await devices.get(device, changing);
            requireInScope(changing, { groups: groupsWith(group, known), home: home ?? known.home });
          }
          await requireSameVerdict(device, body);
          if (status === 'active') await authorize('device.re-enroll', [device]);
        }
        const code = await enrollment.createCode({ ...body, by: caller.account.id });
        return new Reply(code, { status: 201 });
      },
    }),
    route({
      name: 'codes.list',
      method: 'get',
      path: '/codes',
      summary: 'List activation codes without their secrets',
      query: codeQuery,
      response: codePage,
      handler: ({ query: { state = null, cursor = null, limit }, scope }) =>
        enrollment.listCodes({ state, scope: scope.devices, cursor, limit }),
    }),
    route({
      name: 'codes.cancel',
      method: 'delete',
      path: '/codes/:id',
      summary: 'Cancel an unused activation code',
      params: codeParams,
      response: done,
      async handler({ params, scope }) {
        const code = await enrollment.getCode(params.id);
        const home = code.home ?? (await devices.getGroup(code.group)).home;
        requireInScope(scope.devices, { groups: [code.group], home });
        await enrollment.cancelCode(params.id);
        return DONE;
      },
    }),
  ];
}
