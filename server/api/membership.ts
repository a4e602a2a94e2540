/**
 * Routes for messaging keys of devices and their countersignatures. The organization key, which makes the countersignatures, is not on the
 * server.
 */
import { countersignatures, countersigned, messagingKeyPage, messagingKeyQuery } from '../../shared/api/membership.ts';
import type { Membership } from '../membership/membership.ts';
import { type Route, route } from './route.ts';

export type MembershipPort = Pick<Membership, 'list' | 'countersign'>;

export function membershipRoutes(membership: MembershipPort): Route[] {
  return [
    route({
      name: 'messaging-keys.list',
      method: 'get',
      path: '/messaging-keys',
      summary: 'List messaging keys and their countersignatures',
      query: messagingKeyQuery,
      response: messagingKeyPage,
      async handler({ query: { lacking = null, group = null, cursor = null, ...query }, scope }) {
        const page = await membership.list({ ...query, lacking, group, cursor, scope: scope.devices });
        return { ...page, keys: page.keys.map((key) => ({ ...key, since: key.certifiedAt })) };
      },
    }),
    route({
      name: 'messaging-keys.countersign',
      method: 'post',
      path: '/messaging-keys/countersignatures',
      summary: 'Add signatures of the organization key to messaging keys',
      body: countersignatures,
      response: countersigned,
      handler: ({ body, scope }) => membership.countersign(body.countersignatures, scope.devices),
    }),
  ];
}
