/**
 * Routes for legal holds. Every admin who sees a device sees whether a legal hold covers the device. Only some roles may read the legal
 * holds, which contain reasons.
 */
import {
  holdRelease,
  legalHoldPage,
  legalHoldParams,
  legalHoldQuery,
  legalHoldView,
  newLegalHold,
} from '../../shared/api/holds.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Admins } from '../admins/admins.ts';
import type { Holds, PlaceHold } from '../holds/holds.ts';
import { Reply, type Route, route } from './route.ts';

export interface HoldsPorts {
  readonly holds: Pick<Holds, 'place' | 'release' | 'list'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function holdRoutes({ holds, admins }: HoldsPorts): Route[] {
  return [
    route({
      name: 'legal-holds.list',
      method: 'get',
      path: '/legal-holds',
      summary: 'List active and released legal holds, newest first',
      query: legalHoldQuery,
      response: legalHoldPage,
      async handler({ query: { released = null, device = null, cursor = null, limit } }) {
        const page = await holds.list({ released, device, cursor, limit });
        const accounts = page.holds.flatMap(({ placedBy, released }) =>
          released ? [placedBy, released.by] : [placedBy],
        );
        return { ...page, people: await admins.namesOf(new Set(accounts)) };
      },
    }),
    route({
      name: 'legal-holds.place',
      method: 'post',
      path: '/legal-holds',
      summary: 'Place a legal hold on a device or a person',
      body: newLegalHold,
      response: legalHoldView,
      statuses: [201],
      async handler({ body: { device, person, reason, reference = null }, caller }) {
        const placed = await holds.place({ on: subjectOf(device, person), reason, reference, by: caller.account.id });
        return new Reply(placed, { status: 201 });
      },
    }),
    route({
      name: 'legal-holds.release',
      method: 'post',
      path: '/legal-holds/:id/release',
      summary: 'Release a legal hold. It stays in the list',
      params: legalHoldParams,
      body: holdRelease,
      response: legalHoldView,
      handler: ({ params, body, caller }) => holds.release(params.id, { reason: body.reason, by: caller.account.id }),
    }),
  ];
}

function subjectOf(device: DeviceId | undefined, person: PersonId | undefined): PlaceHold['on'] {
  if (device !== undefined) return { device };
  if (person !== undefined) return { person };
  throw new CordonError('invalid_input', 'Name either a device or a person.');
}
