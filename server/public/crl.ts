/** The revocation list, for whoever checks certificates without asking us. */
import { Router } from 'express';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import type { RevocationList } from '../enrolment/revocation-list.ts';

export function crlRouter({ revocationList }: { readonly revocationList: Pick<RevocationList, 'current'> }): Router {
  const router = Router();
  router.get(CRL_PATH, async (_request, response) => {
    const { der, thisUpdate } = await revocationList.current();
    response
      // Short: a revocation should not wait for a cache.
      .set('Cache-Control', 'public, max-age=60')
      .set('Last-Modified', new Date(thisUpdate).toUTCString())
      .type('application/pkix-crl')
      .send(der);
  });
  return router;
}
