/** Accounts and what they were granted. */
import {
  accountChange,
  accountList,
  accountParams,
  accountView,
  grantSchema,
  invitationView,
  invitedAccount,
  newAccount,
} from '../../shared/api/accounts.ts';
import type { Admins } from '../admins/admins.ts';
import { Reply, type Route, route } from './route.ts';

export interface AccountsPorts {
  readonly admins: Pick<Admins, 'accounts' | 'createAccount' | 'inviteAgain' | 'setStatus' | 'grant' | 'revokeGrant'>;
  /** The link under which an invitation's token is redeemed. */
  readonly invitationLink: (token: string) => string;
}

export function accountRoutes({ admins, invitationLink }: AccountsPorts): Route[] {
  return [
    route({
      name: 'accounts.list',
      method: 'get',
      path: '/accounts',
      summary: 'All accounts with their grants',
      response: accountList,
      handler: async () => ({ accounts: await admins.accounts() }),
    }),
    route({
      name: 'accounts.create',
      method: 'post',
      path: '/accounts',
      summary: 'Make an account and the one-time link by which its holder sets password and code',
      body: newAccount,
      response: invitedAccount,
      statuses: [201],
      async handler({ body, caller }) {
        const { email, name, grants } = body;
        const { account, invitation, expiresAt } = await admins.createAccount(email, name, grants, caller.account.id);
        return new Reply({ account, invitation, link: invitationLink(invitation), expiresAt }, { status: 201 });
      },
    }),
    route({
      name: 'accounts.invite',
      method: 'post',
      path: '/accounts/:id/invitation',
      summary: 'Another one-time link, for a lost password or phone',
      params: accountParams,
      response: invitationView,
      statuses: [201],
      async handler({ params, caller }) {
        const { invitation, expiresAt } = await admins.inviteAgain(params.id, caller.account.id);
        return new Reply({ invitation, link: invitationLink(invitation), expiresAt }, { status: 201 });
      },
    }),
    route({
      name: 'accounts.update',
      method: 'patch',
      path: '/accounts/:id',
      summary: 'Disable an account, ending its sessions and tokens, or enable it again',
      params: accountParams,
      body: accountChange,
      response: accountView,
      handler: ({ params, body }) => admins.setStatus(params.id, body.status),
    }),
    route({
      name: 'grants.create',
      method: 'post',
      path: '/accounts/:id/grants',
      summary: 'Grant a role',
      params: accountParams,
      body: grantSchema,
      response: accountView,
      handler: ({ params, body }) => admins.grant(params.id, body),
    }),
    route({
      name: 'grants.delete',
      method: 'delete',
      path: '/accounts/:id/grants',
      summary: 'Take a role away; it works at once, also for whoever is signed in',
      params: accountParams,
      body: grantSchema,
      response: accountView,
      handler: ({ params, body }) => admins.revokeGrant(params.id, body),
    }),
  ];
}
