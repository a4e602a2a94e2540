/** Approvers' own public keys, and the root that lists them. The server holds no key that could sign one. */
import {
  approverKeyList,
  approverKeyView,
  approversView,
  newApproverKey,
  rootParams,
  rootProposal,
  rootView,
  signatureBody,
} from '../../shared/api/approvers.ts';
import type { Admins } from '../admins/admins.ts';
import type { Orders } from '../orders/orders.ts';
import { Reply, type Route, route } from './route.ts';

export interface ApproversPorts {
  readonly admins: Pick<Admins, 'approverKeys' | 'registerApproverKey'>;
  readonly orders: Pick<Orders, 'approvers' | 'uncovered' | 'proposeRoot' | 'signRoot'>;
}

export function approverRoutes({ admins, orders }: ApproversPorts): Route[] {
  return [
    route({
      name: 'approver-keys.list',
      method: 'get',
      path: '/approver-keys',
      summary: 'The keys that people have registered',
      response: approverKeyList,
      handler: async () => ({ keys: await admins.approverKeys() }),
    }),
    route({
      name: 'approver-keys.register',
      method: 'post',
      path: '/approver-keys',
      summary: "Register one's own public key",
      body: newApproverKey,
      response: approverKeyView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await admins.registerApproverKey(caller.account, body.publicKey), { status: 201 }),
    }),
    route({
      name: 'approvers.show',
      method: 'get',
      path: '/approvers',
      summary: 'The root of approvers in force, the one that waits, and orders that it does not cover any more',
      response: approversView,
      handler: async () => ({ ...(await orders.approvers()), uncovered: orders.uncovered() }),
    }),
    route({
      name: 'approvers.propose',
      method: 'post',
      path: '/approvers',
      summary: 'Propose the next root from registered keys',
      body: rootProposal,
      response: rootView,
      statuses: [201],
      handler: async ({ body }) => new Reply(await orders.proposeRoot(body), { status: 201 }),
    }),
    route({
      name: 'approvers.sign',
      method: 'post',
      path: '/approvers/:version/signatures',
      summary: 'Add a signature over the exact payload of a waiting root',
      params: rootParams,
      body: signatureBody,
      response: rootView,
      handler: ({ params, body, caller }) => orders.signRoot(caller.account.person, params.version, body),
    }),
  ];
}
