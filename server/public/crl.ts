import { Router } from 'express';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import type { RevocationList } from '../enrollment/revocation-list.ts';

export function crlRouter({ revocationList }: { readonly revocationList: Pick<RevocationList, 'current'> }): Router {
  const router = Router();
  router.get(CRL_PATH, async (_request, response) => {
    const { der, thisUpdate } = await revocationList.current();
    response
      // Short cache lifetime, because a cached list hides new revocations.
      .set('Cache-Control', 'public, max-age=60')
      .set('Last-Modified', new Date(thisUpdate).toUTCString())
      .type('application/pkix-crl')
      .send(der);
  });
  return router;
}
