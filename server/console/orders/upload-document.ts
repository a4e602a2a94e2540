/** Uploads a document. Returns a reference to the document, which an order, a record or a request can contain. */
import { uploadedDocument } from '../../../shared/api/order-documents.ts';

import type { InstrumentDocument } from '../../../shared/order/documents.ts';
import { upload, withQuery } from '../client/call.ts';

/** Returns the upload to a path of the API, such as `/orders/documents`. */
export const uploadTo =
  (path: string) =>
  async (file: File): Promise<InstrumentDocument> => {
    const query = withQuery(path, { mediaType: file.type || 'application/octet-stream' });
    return { title: file.name.slice(0, 200), ...(await upload(query, uploadedDocument, file)) };
  };

export const uploadDocument = uploadTo('/orders/documents');
