/** HTTP listener that serves a log in memory as a ledger: checkpoint, continuations and tiles. A test chooses what it shows. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { encodeBundle, entriesOfBundle, parseTilePath } from '../../shared/ledger/tiles.ts';

export interface ShownLedger {
  readonly note: string;
  readonly entries: readonly Buffer[];
}

export async function listenAsLedger(shown: () => ShownLedger) {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/ledger\//, '');
    const { note, entries } = shown();
    const tile = parseTilePath(path);
    if (path === 'checkpoint') return void response.end(note);
    if (tile?.level === 'entries') {
      const { from, to } = entriesOfBundle(tile);
      if (to <= entries.length) return void response.end(encodeBundle(entries.slice(from, to)));
    }
    response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
