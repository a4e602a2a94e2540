/** Approvers' own public keys, and the root that lists them. The server holds no key that could sign one. */
import {
  approverKeyList,
  approverKeyView,
  approversView,
  newApproverKey,
  type RootView,
  rootParams,
  rootProposal,
  rootView,
  signatureBody,
} from '../../shared/api/approvers.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import type { ApproverKey } from '../admins/ports.ts';
import { Reply, type Route, route } from './route.ts';

export interface ApproversPorts {
  readonly admins: Pick<Admins, 'approverKeys' | 'registerApproverKey'>;
  readonly orders: {
    /** The root in force, and the one that waits for signatures. */
    roots(): Promise<{ current: RootView | null; waiting: RootView | null }>;
    proposeRoot(approvers: readonly ApproverKey[], threshold: number): Promise<RootView>;
    /** `adopted` in the answer's state once enough have signed. */
    signRoot(version: number, keyid: string, signature: string): Promise<RootView>;
  };
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
      summary: 'The root of approvers in force, and the one that waits',
      response: approversView,
      handler: () => orders.roots(),
    }),
    route({
      name: 'approvers.propose',
      method: 'post',
      path: '/approvers',
      summary: 'Propose the next root from registered keys',
      body: rootProposal,
      response: rootView,
      statuses: [201],
      async handler({ body }) {
        const known = new Map((await admins.approverKeys()).map((key) => [key.keyid, key]));
        const approvers = body.keyids.map((keyid) => {
          const key = known.get(keyid);
          if (!key) throw new CordonError('approver_unknown', `Nobody has registered the key ${keyid}.`, { keyid });
          return key;
        });
        return new Reply(await orders.proposeRoot(approvers, body.threshold), { status: 201 });
      },
    }),
    route({
      name: 'approvers.sign',
      method: 'post',
      path: '/approvers/:version/signatures',
      summary: 'Add a signature over the exact payload of a waiting root',
      params: rootParams,
      body: signatureBody,
      response: rootView,
      handler: ({ params, body }) => orders.signRoot(params.version, body.keyid, body.signature),
    }),
  ];
}
