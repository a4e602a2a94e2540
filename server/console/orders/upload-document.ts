/** Uploads a document. Returns a reference to the document, which an order or a record can contain. */
import { uploadedDocument } from '../../../shared/api/order-documents.ts';

import type { InstrumentDocument } from '../../../shared/order/documents.ts';
import { upload, withQuery } from '../client/call.ts';

export async function uploadDocument(file: File): Promise<InstrumentDocument> {
  const path = withQuery('/orders/documents', { mediaType: file.type || 'application/octet-stream' });
  return { title: file.name.slice(0, 200), ...(await upload(path, uploadedDocument, file)) };
}
