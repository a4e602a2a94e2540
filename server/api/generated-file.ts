/**
 * Response with a file that the server generates during the download. The server's disk never contains a copy, because the file may list
 * people.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CsvCell, csvLine } from '../../shared/csv.ts';
import { StreamReply } from './route.ts';

export const CSV = 'text/csv; charset=utf-8';

/** Number of lines per write. Between two writes, the server handles other requests. */
const LINES_PER_WRITE = 500;

export function generatedFile(
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
      // The client has disconnected, so the error is expected.
      if (!response.destroyed) throw error;
    }
  }, type);
}

/** Joins lines into larger blocks, because a separate write for each line is slow. */
export function* blocksOf(lines: Iterable<string>): Generator<string> {
  let some: string[] = [];
  for (const line of lines) {
    some.push(line);
    if (some.length < LINES_PER_WRITE) continue;
    yield some.join('');
    some = [];
  }
  yield some.join('');
}

/** Writes lines of a CSV file in larger blocks. The first line has the column names. */
export async function* csvBlocks<Row>(
  head: readonly string[],
  rows: AsyncIterable<Row>,
  cells: (row: Row) => readonly CsvCell[],
): AsyncGenerator<Uint8Array> {
  let some: string[] = [csvLine(head)];
  for await (const row of rows) {
    some.push(csvLine(cells(row)));
    if (some.length < LINES_PER_WRITE) continue;
    yield Buffer.from(some.join(''));
    some = [];
  }
  yield Buffer.from(some.join(''));
}
