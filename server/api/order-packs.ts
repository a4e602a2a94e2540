/** Routes for evidence packs. A pack identifies devices by pseudonyms; a separate file contains the names of their users. */

import { packList, packNames, packParams, packQuery } from '../../shared/api/order-packs.ts';
import { orderParams } from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Adoption } from '../orders/adoption/adoption.ts';
import type { Packs } from '../orders/evidence/packs.ts';
import { generatedFile } from './generated-file.ts';
import { type Route, route } from './route.ts';

export interface OrderPacksPorts {
  readonly orders: { readonly adoption: Pick<Adoption, 'scope'> };
  readonly packs: Pick<Packs, 'make' | 'made' | 'names'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function orderPackRoutes({ orders, packs, admins }: OrderPacksPorts): Route[] {
  return [
    route({
      name: 'orders.pack',
      method: 'post',
      path: '/orders/:number/packs',
      summary: 'Download an evidence pack, which anyone can verify offline',
      params: orderParams,
      query: packQuery,
      response: nothing,
      raw: 'download',
      async handler({ params: { number }, query: { since }, scope, caller }) {
        const { locations } = await orders.adoption.scope(number, { life: true });
        requireAreas(scope, locations);
        const { pack, content } = await packs.make(number, caller.account.id, since);
        return generatedFile(`order-${number}-${pack}.zip`, 'application/zip', content);
      },
    }),
    route({
      name: 'orders.packs',
      method: 'get',
      path: '/orders/:number/packs',
      summary: 'List the evidence packs that were created for an order',
      params: orderParams,
      response: packList,
      async handler({ params: { number }, scope }) {
        const { locations } = await orders.adoption.scope(number, { life: true });
        requireAreas(scope, locations);
        const list = await packs.made(number);
        const people = await admins.namesOf(new Set(list.map(({ by }) => by)));
        return { packs: list.map(({ pack, at, by, devices }) => ({ pack, at, by, devices })), people };
      },
    }),
    route({
      name: 'orders.pack-names',
      method: 'post',
      path: '/orders/:number/packs/:pack/names',
      summary: 'Download the names of a pack, encrypted for a recipient',
      params: packParams,
      body: packNames,
      response: nothing,
      raw: 'download',
      async handler({ params: { number, pack }, body, scope, caller }) {
        const { locations, revision } = await orders.adoption.scope(number, { life: true });
        requireAreas(scope, locations);
        const request = { order: number, revision, recipient: body.recipient, by: caller.account.id };
        const { bytes } = await packs.names(pack, request);
        return generatedFile(`order-${number}-${pack}-names.csv.age`, 'application/octet-stream', [bytes]);
      },
    }),
  ];
}
