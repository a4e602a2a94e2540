/** Raw bodies, bounded. */
import type { Readable } from 'node:stream';
import { CordonError } from '../../shared/errors.ts';

/** Throws `too_large` as soon as there is more than `most` bytes. `what`: as a sentence begins. */
export async function collect(stream: Readable, most: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > most) throw new CordonError('too_large', `${what} has ${most} bytes at most.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
