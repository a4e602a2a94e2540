/** Routes for the registry of authorities. */
import {
  authorityConfirmation,
  authorityList,
  authorityParams,
  authorityRevocation,
  authorityView,
  newAuthority,
} from '../../shared/api/disclosures.ts';
import type { DisclosuresPort } from './disclosures.ts';
import { Reply, type Route, route } from './route.ts';

export function authorityRoutes({ disclosures: { authorities } }: DisclosuresPort): Route[] {
  return [
    route({
      name: 'authorities.list',
      method: 'get',
      path: '/authorities',
      summary: 'List authorities and their keys',
      response: authorityList,
      handler: async () => ({ authorities: await authorities.list() }),
    }),
    route({
      name: 'authorities.add',
      method: 'post',
      path: '/authorities',
      summary: 'Add an authority with its age key',
      body: newAuthority,
      response: authorityView,
      statuses: [201],
      async handler({ body: { name, recipient, verifiedBy }, caller }) {
        return new Reply(await authorities.add(caller.account.person, name, recipient, verifiedBy), { status: 201 });
      },
    }),
    route({
      name: 'authorities.confirm',
      method: 'post',
      path: '/authorities/:id/confirm',
      summary: 'Confirm the fingerprint of an authority’s key as a second person',
      params: authorityParams,
      body: authorityConfirmation,
      response: authorityView,
      handler: ({ params, body, caller }) =>
        authorities.confirm(caller.account.person, params.id, body.fingerprint, body.verifiedBy),
    }),
    route({
      name: 'authorities.revoke',
      method: 'post',
      path: '/authorities/:id/revoke',
      summary: 'Revoke the key of an authority',
      params: authorityParams,
      body: authorityRevocation,
      response: authorityView,
      handler: ({ params, body, caller }) => authorities.revoke(caller.account.person, params.id, body.reason),
    }),
  ];
}
