/** Activation codes. The secret is in the answer to the request that made it, and nowhere else. */
import { codeList, codeParams, createdCode, newCode } from '../../shared/api/codes.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Devices } from '../devices/devices.ts';
import { inScope, requireInScope } from '../devices/scope.ts';
import type { Enrolment } from '../enrolment/enrolment.ts';
import type { People } from '../people/people.ts';
import { Reply, type Route, route } from './route.ts';

export interface CodesPorts {
  readonly enrolment: Pick<Enrolment, 'createCode' | 'listCodes' | 'cancelCode'>;
  readonly devices: Pick<Devices, 'get' | 'groups' | 'getGroup'>;
  readonly people: Pick<People, 'reached'>;
}

export function codeRoutes({ enrolment, devices, people }: CodesPorts): Route[] {
  return [
    route({
      name: 'codes.create',
      method: 'post',
      path: '/codes',
      summary: 'Make an activation code, as a link',
      body: newCode,
      response: createdCode,
      statuses: [201],
      async handler({ body, reach, demand, authorize, caller }) {
        const { person, group, home, seat, device } = body;
        await people.reached(person, reach.devices);
        if (device === null) {
          requireInScope(reach.devices, { group, home: home ?? (await devices.getGroup(group)).home });
        } else {
          const { person: before, status } = await devices.get(device, reach.devices);
          // The holder of this code ends the device's present enrollment.
          if (status === 'active') await devices.get(device, demand('devices.revoke').devices);
          // A second enrolment is no way round the right to change a device.
          if (person !== before || home !== null || seat !== null) {
            const { devices: changing } = demand('devices.update');
            const known = await devices.get(device, changing);
            requireInScope(changing, { group, home: home ?? known.home });
          }
          if (status === 'active') await authorize('device.re-enroll', [device]);
        }
        const code = await enrolment.createCode({ ...body, by: caller.account.id });
        return new Reply(code, { status: 201 });
      },
    }),
    route({
      name: 'codes.list',
      method: 'get',
      path: '/codes',
      summary: 'Codes, without their secrets',
      response: codeList,
      async handler({ reach }) {
        const homes = new Map((await devices.groups()).map(({ id, home }) => [id, home]));
        const codes = await enrolment.listCodes();
        return {
          codes: codes.filter(({ group, home }) =>
            inScope(reach.devices, { group, home: home ?? homes.get(group) ?? null }),
          ),
        };
      },
    }),
    route({
      name: 'codes.cancel',
      method: 'delete',
      path: '/codes/:id',
      summary: 'Cancel a code that has not been used',
      params: codeParams,
      response: done,
      async handler({ params, reach }) {
        const code = (await enrolment.listCodes()).find(({ id }) => id === params.id);
        if (!code) throw new CordonError('not_found', `There is no code ${params.id}; list them with GET /codes.`);
        const home = code.home ?? (await devices.getGroup(code.group)).home;
        requireInScope(reach.devices, { group: code.group, home });
        await enrolment.cancelCode(params.id);
        return DONE;
      },
    }),
  ];
}
