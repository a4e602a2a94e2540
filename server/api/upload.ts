import type { Readable } from 'node:stream';
import { CordonError } from '../../shared/errors.ts';

/**
 * Reads a stream into memory. Throws `too_large` as soon as the stream has more than `most` bytes. `what`: the noun for the error text,
 * such as "The file".
 */
export async function collect(stream: Readable, most: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > most) throw new CordonError('too_large', `${what} may have at most ${most} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
