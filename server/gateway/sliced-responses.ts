/**
 * Sends response bodies in slices, each after the peer has read the previous slice. Without slices, TLS encrypts a whole body at once, and
 * 100 clients that read nothing would cause 100 encrypted copies in memory.
 */
import type { ServerResponse } from 'node:http';

export const SLICE = 32 * 1024;

export function sendInSlices(response: ServerResponse): void {
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  response.end = ((...args: unknown[]) => {
    const [chunk, encoding] = args;
    const bytes = bytesOf(chunk, encoding);
    if (bytes === null || response.req.method === 'HEAD') return end(...args);
    if (!response.headersSent && !response.hasHeader('content-length')) {
      response.setHeader('Content-Length', bytes.length);
    }
    const done = args.find((one) => typeof one === 'function');
    let at = 0;
    const next = () => {
      while (bytes.length - at > SLICE) {
        const slice = bytes.subarray(at, at + SLICE);
        at += SLICE;
        if (response.write(slice)) continue;
        response.once('drain', next);
        return;
      }
      end(bytes.subarray(at), ...(done ? [done] : []));
    };
    next();
    return response;
  }) as ServerResponse['end'];
}

/** Splits a body into slices. Returns null for a small body, which is sent whole. */
function bytesOf(chunk: unknown, encoding: unknown): Buffer | null {
  if (typeof chunk === 'string' && chunk.length > SLICE / 4) {
    const bytes = Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
    return bytes.length > SLICE ? bytes : null;
  }
  if (!(chunk instanceof Uint8Array) || chunk.length <= SLICE) return null;
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}
