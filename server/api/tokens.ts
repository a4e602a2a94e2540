import { createdToken, newToken, tokenList, tokenParams } from '../../shared/api/session.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { Reply, type Route, route } from './route.ts';

const DAY = 86_400_000;

export function tokenRoutes(
  admins: Pick<Admins, 'tokens' | 'createToken' | 'deleteToken'>,
  now: () => number,
): Route[] {
  return [
    route({
      name: 'tokens.list',
      method: 'get',
      path: '/tokens',
      summary: 'List your tokens',
      response: tokenList,
      handler: async ({ caller }) => ({ tokens: await admins.tokens(caller.account.id) }),
    }),
    route({
      name: 'tokens.create',
      method: 'post',
      path: '/tokens',
      summary: 'Create a token. Its secret is shown only once',
      body: newToken,
      response: createdToken,
      statuses: [201],
      async handler({ body, caller }) {
        const expires = body.expiresInDays === null ? null : now() + body.expiresInDays * DAY;
        const { name, destructive, role } = body;
        return new Reply(await admins.createToken(caller.account.id, name, expires, destructive, role), {
          status: 201,
        });
      },
    }),
    route({
      name: 'tokens.delete',
      method: 'delete',
      path: '/tokens/:id',
      summary: 'Delete one of your tokens',
      params: tokenParams,
      response: done,
      async handler({ params, caller }) {
        await admins.deleteToken(caller.account.id, params.id);
        return DONE;
      },
    }),
  ];
}
