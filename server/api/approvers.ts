import {
  approverKeyList,
  approverKeyView,
  approverSetParams,
  approverSetProposal,
  approverSetView,
  approversView,
  newApproverKey,
  signatureBody,
} from '../../shared/api/approvers.ts';
import type { Admins } from '../admins/admins.ts';
import type { ApproverSets } from '../orders/adoption/approver-sets.ts';
import type { Orders } from '../orders/orders.ts';
import { Reply, type Route, route } from './route.ts';

export interface ApproversPorts {
  readonly admins: Pick<
    Admins,
    'approverKeys' | 'approverKeySigned' | 'registerApproverKey' | 'registerApproverPasskey'
  >;
  readonly orders: {
    readonly approverSets: Pick<ApproverSets, 'view' | 'propose' | 'sign'>;
    readonly list: Pick<Orders['list'], 'uncovered'>;
  };
}

export function approverRoutes({ admins, orders }: ApproversPorts): Route[] {
  return [
    route({
      name: 'approver-keys.list',
      method: 'get',
      path: '/approver-keys',
      summary: 'List the registered approver keys',
      response: approverKeyList,
      handler: async () => ({ keys: await admins.approverKeys() }),
    }),
    route({
      name: 'approver-keys.register',
      method: 'post',
      path: '/approver-keys',
      summary: 'Register your public key, or a new passkey, as an approver',
      body: newApproverKey,
      response: approverKeyView,
      statuses: [201],
      async handler({ body, caller: { account } }) {
        const key = await ('publicKey' in body
          ? admins.registerApproverKey(account, body.publicKey)
          : admins.registerApproverPasskey(account, body.passkey));
        return new Reply(key, { status: 201 });
      },
    }),
    route({
      name: 'approvers.show',
      method: 'get',
      path: '/approvers',
      summary: 'Show the current and the pending approver set',
      response: approversView,
      handler: async () => ({ ...(await orders.approverSets.view()), uncoveredOrders: orders.list.uncovered() }),
    }),
    route({
      name: 'approvers.propose',
      method: 'post',
      path: '/approvers',
      summary: 'Propose the next approver set from registered keys',
      body: approverSetProposal,
      response: approverSetView,
      statuses: [201],
      handler: async ({ body }) => new Reply(await orders.approverSets.propose(body), { status: 201 }),
    }),
    route({
      name: 'approvers.sign',
      method: 'post',
      path: '/approvers/:version/signatures',
      summary: 'Sign the payload of a pending approver set',
      params: approverSetParams,
      body: signatureBody,
      response: approverSetView,
      async handler({ params, body, caller }) {
        const signed = await orders.approverSets.sign(caller.account.person, params.version, body);
        await admins.approverKeySigned(body.keyid);
        return signed;
      },
    }),
  ];
}
