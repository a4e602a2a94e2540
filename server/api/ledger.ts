/** The ledger, for admins. What outsiders check is the same, on the public listener. */
import { checkpointView, leafList, leafQuery } from '../../shared/api/ledger.ts';
import { leafSchema } from '../../shared/ledger/leaf.ts';
import { type Route, route } from './route.ts';

export interface LedgerPorts {
  readonly ledger: { checkpoint(): Promise<string>; readonly verifierKey: string };
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
  ];
}
