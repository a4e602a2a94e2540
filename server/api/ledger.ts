/** The ledger, for admins. What outsiders check is the same, on the public listener. */
import {
  checkpointView,
  consistencyQuery,
  consistencyView,
  inclusionQuery,
  inclusionView,
  leafList,
  leafQuery,
} from '../../shared/api/ledger.ts';
import { leafSchema } from '../../shared/ledger/leaf.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Route, route } from './route.ts';

export interface LedgerPorts {
  readonly ledger: Pick<Ledger, 'checkpoint' | 'verifierKey' | 'proveLeaf' | 'proveGrowth'>;
  /** The bodies of the leaves `from` to `to`, `to` excluded, as far as the newest checkpoint reaches. */
  readonly entries: { entries(from: number, to: number): Promise<Buffer[]> };
}

export function ledgerRoutes({ ledger, entries }: LedgerPorts): Route[] {
  return [
    route({
      name: 'ledger.checkpoint',
      method: 'get',
      path: '/ledger/checkpoint',
      summary: 'The newest checkpoint (a signed note) and the key that verifies it',
      response: checkpointView,
      handler: async () => ({ checkpoint: await ledger.checkpoint(), key: ledger.verifierKey }),
    }),
    route({
      name: 'ledger.leaves',
      method: 'get',
      path: '/ledger/leaves',
      summary: 'Leaves in the order of the log',
      query: leafQuery,
      response: leafList,
      async handler({ query: { from, limit } }) {
        const bodies = await entries.entries(from, from + limit);
        const leaves = bodies.map((body, at) => ({
          index: from + at,
          leaf: leafSchema.parse(JSON.parse(body.toString())),
        }));
        return { leaves };
      },
    }),
    route({
      name: 'ledger.inclusion',
      method: 'get',
      path: '/ledger/inclusion',
      summary: 'The proof that the newest checkpoint has a leaf (RFC 6962, section 2.1.1)',
      query: inclusionQuery,
      response: inclusionView,
      async handler({ query: { index } }) {
        const { body, proof, checkpoint } = await ledger.proveLeaf(index);
        return { index, body: body.toString(), proof: proof.map(base64), checkpoint, key: ledger.verifierKey };
      },
    }),
    route({
      name: 'ledger.consistency',
      method: 'get',
      path: '/ledger/consistency',
      summary: 'The proof that the newest checkpoint only adds to an earlier one (RFC 6962, section 2.1.2)',
      query: consistencyQuery,
      response: consistencyView,
      async handler({ query: { from } }) {
        const { proof, checkpoint } = await ledger.proveGrowth(from);
        return { from, proof: proof.map(base64), checkpoint, key: ledger.verifierKey };
      },
    }),
  ];
}

const base64 = (hash: Buffer): string => hash.toString('base64');
