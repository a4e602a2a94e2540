/** A file that is made while it is sent and lies nowhere: what lists people by country leaves no copy on the server's disk. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StreamReply } from './route.ts';

/** Some tens of kilobytes for each write, after which the loop turns. */
const TOGETHER = 500;

export function madeFile(
  name: string,
  type: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<Uint8Array>,
): StreamReply {
  return new StreamReply(async (_request, response) => {
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
    try {
      await pipeline(Readable.from(parts, { highWaterMark: 1 }), response);
    } catch (error) {
      // Whoever asked has gone away.
      if (!response.destroyed) throw error;
    }
  }, type);
}

/** Lines put together, so that not each of them is a write of its own. */
export function* gathered(lines: Iterable<string>): Generator<string> {
  let some: string[] = [];
  for (const line of lines) {
    some.push(line);
    if (some.length < TOGETHER) continue;
    yield some.join('');
    some = [];
  }
  yield some.join('');
}
