/** Who may be a member of conversations: what waits for the organisation's key, and its signatures. The server holds no such key. */
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
      summary: "Devices' messaging keys, page by page, and whose countersignature they have or lack",
      query: messagingKeyQuery,
      response: messagingKeyPage,
      async handler({ query: { lacking = null, group = null, cursor = null, ...query }, reach }) {
        const page = await membership.list({ ...query, lacking, group, cursor, scope: reach.devices });
        return { ...page, keys: page.keys.map((key) => ({ ...key, since: key.certifiedAt })) };
      },
    }),
    route({
      name: 'messaging-keys.countersign',
      method: 'post',
      path: '/messaging-keys/countersignatures',
      summary: "Add the organisation's signatures, each over the exact payload of one certificate",
      body: countersignatures,
      response: countersigned,
      handler: ({ body, reach }) => membership.countersign(body.countersignatures, reach.devices),
    }),
  ];
}
