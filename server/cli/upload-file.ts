/** Uploads files from the command line. The extension of the file name determines the media type. */
import { extname } from 'node:path';
import { uploadedDocument } from '../../shared/api/order-documents.ts';
import { CordonError } from '../../shared/errors.ts';
import type { InstrumentDocument } from '../../shared/order/documents.ts';
import type { Cli } from './cli.ts';
import { readBytes } from './local-files.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.txt': 'text/plain',
  '.eml': 'message/rfc822',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.html': 'text/html',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.odt': 'application/vnd.oasis.opendocument.text',
};

const mediaTypeOf = (file: string): string => TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';

export async function uploadDocuments(
  cli: Cli,
  titledFiles: readonly string[] = [],
  route = '/orders/documents',
): Promise<{ documents?: InstrumentDocument[] }> {
  const documents: InstrumentDocument[] = [];
  for (const [title, file] of Object.entries(pairs(titledFiles))) {
    const path = `/api/v1${route}?mediaType=${encodeURIComponent(mediaTypeOf(file))}`;
    const response = await cli
      .client()
      .raw('POST', path, readBytes(file), { 'content-type': 'application/octet-stream' });
    documents.push({ title, ...uploadedDocument.parse(await response.json()) });
  }
  return documents.length > 0 ? { documents } : {};
}

export function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new CordonError('invalid_input', `"${text}" does not have the form name=value.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
