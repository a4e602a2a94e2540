/**
 * Routes for an order's documents and decision records. They are encrypted in the store, and are not part of the order's signed, public
 * text.
 */
import { decisionView, documentParams, documentQuery, uploadedDocument } from '../../shared/api/order-documents.ts';
import { revisionParams } from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import { LARGEST_DOCUMENT } from '../../shared/order/documents.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Adoption } from '../orders/adoption/adoption.ts';
import type { OrderDocuments } from '../orders/drafting/order-documents.ts';
import { BytesReply, Reply, type Route, route } from './route.ts';
import { collect } from './upload.ts';

export interface OrderDocumentsPort {
  readonly adoption: Pick<Adoption, 'scope'>;
  readonly documents: Pick<OrderDocuments, 'keep' | 'document' | 'decision'>;
}

export function orderDocumentRoutes(orders: OrderDocumentsPort): Route[] {
  return [
    route({
      name: 'order-documents.upload',
      method: 'post',
      path: '/orders/documents',
      summary: 'Store an encrypted document for a proposal. Unused documents are deleted after a month',
      query: documentQuery,
      response: uploadedDocument,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const content = await collect(upload, LARGEST_DOCUMENT, 'A document');
        return new Reply(await orders.documents.keep(caller.account.person, query.mediaType, content), { status: 201 });
      },
    }),
    route({
      name: 'order-documents.read',
      method: 'get',
      path: '/orders/:number/documents/:sha256',
      summary: 'Download a document of an order',
      params: documentParams,
      response: nothing,
      raw: 'download',
      async handler({ params, scope }) {
        const { revision, content, title, mediaType } = await orders.documents.document(params.number, params.sha256);
        requireAreas(scope, (await orders.adoption.scope(params.number, { revision, life: true })).locations);
        return new BytesReply(content, title, mediaType);
      },
    }),
    route({
      name: 'orders.decision',
      method: 'get',
      path: '/orders/:number/revisions/:revision/decision',
      summary: 'Show the confidential decision record of a revision',
      params: revisionParams,
      response: decisionView,
      async handler({ params: { number, revision }, scope }) {
        const { locations } = await orders.adoption.scope(number, { revision, life: true });
        requireAreas(scope, locations);
        return orders.documents.decision(number, revision);
      },
    }),
  ];
}
