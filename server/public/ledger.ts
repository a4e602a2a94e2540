/** Public ledger in the format C2SP tlog-tiles. Reading it needs no account, and caches may store full tiles forever. */
import { Router } from 'express';
import { CordonError } from '../../shared/errors.ts';
import { parseTilePath } from '../../shared/ledger/tiles.ts';
import { CONTINUATIONS } from '../../shared/ledger/verify-copy.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { Ledger } from '../ledger/ledger.ts';

export function ledgerRouter({
  ledger,
  approverSets,
}: {
  readonly ledger: Pick<Ledger['published'], 'checkpoint' | 'verifierKey' | 'tile' | 'continuations'>;
  readonly approverSets: () => readonly Envelope[];
}): Router {
  const router = Router();
  router.get('/ledger/checkpoint', async (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .type('text/plain; charset=utf-8')
      .send(await ledger.checkpoint());
  });
  // Copy of the ledger's public key, for convenience. A verifier compares it with a copy from a trusted source.
  router.get('/ledger/key', (_request, response) => {
    response.set('Cache-Control', 'no-cache').type('text/plain; charset=utf-8').send(`${ledger.verifierKey}\n`);
  });
  // Document that an auditor needs to verify a copy of the ledger without the server.
  router.get(`/ledger/${CONTINUATIONS}`, (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .json({ approverSets: approverSets(), continuations: ledger.continuations() });
  });
  router.get('/ledger/tile/*path', async (request, response) => {
    const tile = parseTilePath(request.path.replace(/^\/ledger\//, ''));
    const bytes = tile && (await ledger.tile(tile));
    if (!bytes) throw new CordonError('not_found', 'The ledger has no such tile. The checkpoint states its size.');
    // A tile never changes, not even a partial one, because its path contains the number of its entries.
    response.set('Cache-Control', 'public, max-age=31536000, immutable').type('application/octet-stream').send(bytes);
  });
  return router;
}
