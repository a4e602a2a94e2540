import {
  accountChange,
  accountList,
  accountParams,
  accountView,
  addressVerification,
  grantSchema,
  invitationView,
  invitedAccount,
  newAccount,
  sentVerification,
} from '../../shared/api/accounts.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountLinks, LinkDelivery } from '../admins/account-links.ts';
import type { Admins } from '../admins/admins.ts';
import { Reply, type Route, route } from './route.ts';

export interface AccountsPorts {
  readonly admins: Pick<
    Admins,
    'accounts' | 'setStatus' | 'unlinkIdentity' | 'grant' | 'revokeGrant' | 'requireGrantable'
  >;
  readonly accountLinks: AccountLinks;
}

const shownLink = ({ shown, mail, expiresAt }: LinkDelivery) => ({
  invitation: shown?.token ?? null,
  link: shown?.link ?? null,
  expiresAt,
  mail,
});

export function accountRoutes({ admins, accountLinks }: AccountsPorts): Route[] {
  return [
    route({
      name: 'accounts.list',
      method: 'get',
      path: '/accounts',
      summary: 'List accounts with their grants',
      response: accountList,
      handler: async () => ({ accounts: await admins.accounts() }),
    }),
    route({
      name: 'accounts.create',
      method: 'post',
      path: '/accounts',
      summary: 'Create an account and its one-time link. With mail, the server sends the link',
      body: newAccount,
      response: invitedAccount,
      statuses: [201],
      async handler({ body, caller }) {
        for (const grant of body.grants) await admins.requireGrantable(grant, caller.account);
        const { account, ...delivery } = await accountLinks.create(body, caller.account);
        return new Reply({ account, ...shownLink(delivery) }, { status: 201 });
      },
    }),
    route({
      name: 'accounts.invite',
      method: 'post',
      path: '/accounts/:id/invitation',
      summary: 'Create another one-time link for an account',
      params: accountParams,
      response: invitationView,
      statuses: [201],
      async handler({ params, caller }) {
        return new Reply(shownLink(await accountLinks.createAccountLink(params.id, caller.account)), { status: 201 });
      },
    }),
    route({
      name: 'address.send-link',
      method: 'post',
      path: '/address/link',
      summary: "Send a verification link to the caller's address",
      response: sentVerification,
      statuses: [201],
      async handler({ caller }) {
        const { expiresAt, mail } = await accountLinks.sendVerification(caller.account);
        return new Reply({ expiresAt, mail }, { status: 201 });
      },
    }),
    route({
      name: 'address.verify',
      method: 'post',
      path: '/address/verify',
      summary: "Verify the caller's address with the mailed link",
      body: addressVerification,
      response: accountView,
      async handler({ body, caller }) {
        if (caller.via !== 'session') {
          throw new CordonError(
            'step_up_required',
            'A token cannot verify an address. Sign in with password and code.',
          );
        }
        return accountLinks.verifyAddress(caller.account.id, body.token);
      },
    }),
    route({
      name: 'accounts.update',
      method: 'patch',
      path: '/accounts/:id',
      summary: 'Enable or disable an account. Disabling ends its sessions and tokens',
      params: accountParams,
      body: accountChange,
      response: accountView,
      handler: ({ params, body }) => admins.setStatus(params.id, body.status),
    }),
    route({
      name: 'accounts.unlink',
      method: 'delete',
      path: '/accounts/:id/identity',
      summary: 'Unlink an account from the identity provider. Its sessions and tokens end',
      params: accountParams,
      response: accountView,
      handler: ({ params, caller }) => admins.unlinkIdentity(params.id, caller.account),
    }),
    route({
      name: 'provider.unlink',
      method: 'delete',
      path: '/session/provider/link',
      summary: 'Unlink your account from the identity provider',
      response: accountView,
      handler: ({ caller }) => admins.unlinkIdentity(caller.account.id, caller.account),
    }),
    route({
      name: 'grants.create',
      method: 'post',
      path: '/accounts/:id/grants',
      summary: 'Grant a role',
      params: accountParams,
      body: grantSchema,
      response: accountView,
      async handler({ params, body, caller }) {
        await admins.requireGrantable(body, caller.account);
        return admins.grant(params.id, body);
      },
    }),
    route({
      name: 'grants.delete',
      method: 'delete',
      path: '/accounts/:id/grants',
      summary: 'Remove a role. The change applies immediately',
      params: accountParams,
      body: grantSchema,
      response: accountView,
      handler: ({ params, body }) => admins.revokeGrant(params.id, body),
    }),
  ];
}
