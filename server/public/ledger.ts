/** The ledger as C2SP tlog-tiles serves it: whoever reads it needs no account, and a cache in front may keep every tile for ever. */
import { Router } from 'express';
import { CordonError } from '../../shared/errors.ts';
import { parseTilePath } from '../../shared/ledger/tiles.ts';
import type { Ledger } from '../ledger/ledger.ts';

export function ledgerRouter({
  ledger,
}: {
  readonly ledger: Pick<Ledger, 'checkpoint' | 'verifierKey' | 'tile'>;
}): Router {
  const router = Router();
  router.get('/ledger/checkpoint', async (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .type('text/plain; charset=utf-8')
      .send(await ledger.checkpoint());
  });
  // For convenience: whoever wants to hold the operator to it compares it with a copy from elsewhere.
  router.get('/ledger/key', (_request, response) => {
    response.set('Cache-Control', 'no-cache').type('text/plain; charset=utf-8').send(`${ledger.verifierKey}\n`);
  });
  router.get('/ledger/tile/*path', async (request, response) => {
    const tile = parseTilePath(request.path.replace(/^\/ledger\//, ''));
    const bytes = tile && (await ledger.tile(tile));
    if (!bytes) throw new CordonError('not_found', 'the ledger has no such tile: see the checkpoint for its size');
    // A path names its width, so even a partial tile never changes.
    response.set('Cache-Control', 'public, max-age=31536000, immutable').type('application/octet-stream').send(bytes);
  });
  return router;
}
