/** Downloads of files in parts, so that an interrupted download continues. */
import type { IncomingMessage } from 'node:http';
import type { HttpResponse } from './refusals.ts';

/** Number of the first byte in the header `Range: bytes=FROM-`; null for another header. */
export function firstByteOf(request: IncomingMessage): number | null {
  const from = /^bytes=(\d{1,12})-$/.exec(request.headers.range ?? '')?.[1];
  return from === undefined ? null : Number(from);
}

/** Response with the bytes of a file of `size` bytes, from the byte `from`. */
export const partResponse = (
  from: number,
  { size, bytes }: { readonly size: number; readonly bytes: Buffer },
): HttpResponse => ({
  status: 206,
  headers: {
    'Content-Type': 'application/octet-stream',
    'Content-Range': `bytes ${from}-${from + bytes.length - 1}/${size}`,
    'Cache-Control': 'no-store',
  },
  body: bytes,
});
