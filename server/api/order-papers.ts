/** What came with an order, and why it was given: kept with the operator, apart from what is signed and public. */
import { decisionView, documentParams, documentQuery, keptDocument, revisionParams } from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import { LARGEST_DOCUMENT } from '../../shared/order/documents.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Orders } from '../orders/orders.ts';
import { BytesReply, Reply, type Route, route } from './route.ts';
import { collect } from './upload.ts';

export type OrderPapersPort = Pick<Orders, 'considered' | 'keepDocument' | 'document' | 'decision'>;

export function orderPaperRoutes(orders: OrderPapersPort): Route[] {
  return [
    route({
      name: 'order-documents.upload',
      method: 'post',
      path: '/orders/documents',
      summary:
        'Keep a document of an instrument (the raw body), sealed, for a proposal to name; a month later it goes unless one does',
      query: documentQuery,
      response: keptDocument,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const content = await collect(upload, LARGEST_DOCUMENT, 'A document');
        return new Reply(await orders.keepDocument(caller.account.person, query.mediaType, content), { status: 201 });
      },
    }),
    route({
      name: 'order-documents.read',
      method: 'get',
      path: '/orders/:number/documents/:sha256',
      summary: 'A document that a revision of the order names, as it was received',
      params: documentParams,
      response: nothing,
      raw: 'download',
      async handler({ params, reach }) {
        const { revision, content, title, mediaType } = await orders.document(params.number, params.sha256);
        requireAreas(reach, (await orders.considered(params.number, { revision, life: true })).places);
        return new BytesReply(content, title, mediaType);
      },
    }),
    route({
      name: 'orders.decision',
      method: 'get',
      path: '/orders/:number/revisions/:revision/decision',
      summary:
        'What was considered, by whom, and internal reasons; with what opens the commitment that approvers signed',
      params: revisionParams,
      response: decisionView,
      async handler({ params: { number, revision }, reach }) {
        const { places } = await orders.considered(number, { revision, life: true });
        requireAreas(reach, places);
        return orders.decision(number, revision);
      },
    }),
  ];
}
