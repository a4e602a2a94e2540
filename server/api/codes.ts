/** Activation codes. The secret is in the answer to the request that made it, and nowhere else. */
import { codeList, codeParams, createdCode, newCode } from '../../shared/api/codes.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Devices } from '../devices/devices.ts';
import { inScope, requireInScope } from '../devices/scope.ts';
import type { Enrolment } from '../enrolment/enrolment.ts';
import { Reply, type Route, route } from './route.ts';

export interface CodesPorts {
  readonly enrolment: Pick<Enrolment, 'createCode' | 'listCodes' | 'cancelCode'>;
  readonly devices: Pick<Devices, 'get' | 'groups' | 'getGroup'>;
}

export function codeRoutes({ enrolment, devices }: CodesPorts): Route[] {
  return [
    route({
      name: 'codes.create',
      method: 'post',
      path: '/codes',
      summary: 'Make an activation code, as a link',
      body: newCode,
      response: createdCode,
      statuses: [201],
      async handler({ body, reach, caller }) {
        const home = body.home ?? (await devices.getGroup(body.group)).home;
        requireInScope(reach.devices, { group: body.group, home });
        if (body.device !== null) await devices.get(body.device, reach.devices);
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
