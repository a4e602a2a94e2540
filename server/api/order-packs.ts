/** What can be shown of an order afterwards, as files: the evidence pack, and apart from it the names behind its handles. */
import { orderParams, packList, packNames, packParams, packQuery } from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Orders } from '../orders/orders.ts';
import type { Packs } from '../orders/pack/packs.ts';
import { madeFile } from './made-file.ts';
import { type Route, route } from './route.ts';

export interface OrderPacksPorts {
  readonly orders: Pick<Orders, 'considered'>;
  readonly packs: Pick<Packs, 'make' | 'made' | 'names'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function orderPackRoutes({ orders, packs, admins }: OrderPacksPorts): Route[] {
  return [
    route({
      name: 'orders.pack',
      method: 'post',
      path: '/orders/:number/packs',
      summary: 'Download an evidence pack: all that can be shown of the order, for anybody to check without the server',
      params: orderParams,
      query: packQuery,
      response: nothing,
      raw: 'download',
      async handler({ params: { number }, query: { since }, reach, caller }) {
        const { places } = await orders.considered(number, { life: true });
        requireAreas(reach, places);
        const { pack, content } = await packs.make(number, caller.account.id, since);
        return madeFile(`order-${number}-${pack}.zip`, 'application/zip', content);
      },
    }),
    route({
      name: 'orders.packs',
      method: 'get',
      path: '/orders/:number/packs',
      summary: 'The evidence packs that were made of the order, by whom and when; the files themselves are not kept',
      params: orderParams,
      response: packList,
      async handler({ params: { number }, reach }) {
        const { places } = await orders.considered(number, { life: true });
        requireAreas(reach, places);
        const made = await packs.made(number);
        const people = await admins.namesOf(new Set(made.map(({ by }) => by)));
        return { packs: made.map(({ pack, at, by, devices }) => ({ pack, at, by, devices })), people };
      },
    }),
    route({
      name: 'orders.pack-names',
      method: 'post',
      path: '/orders/:number/packs/:pack/names',
      summary: 'The names behind a pack’s handles, sealed with age to a named recipient; making it is in the ledger',
      params: packParams,
      body: packNames,
      response: nothing,
      raw: 'download',
      async handler({ params: { number, pack }, body, reach, caller }) {
        const { places, revision } = await orders.considered(number, { life: true });
        requireAreas(reach, places);
        const request = { order: number, revision, recipient: body.recipient, by: caller.account.id };
        const { bytes } = await packs.names(pack, request);
        return madeFile(`order-${number}-${pack}-names.csv.age`, 'application/octet-stream', [bytes]);
      },
    }),
  ];
}
