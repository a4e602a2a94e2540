/** Response for `/.well-known/security.txt` (RFC 9116): the contact for reports of vulnerabilities in this installation. */
import express, { type Router } from 'express';

const DAY = 86_400_000;
/** Lifetime of the file in milliseconds. RFC 9116, section 2.5.5, recommends less than a year. */
const VALID_FOR = 30 * DAY;

export interface SecurityContactPorts {
  /** Contact URI (RFC 9116, section 2.5.3). Null: the server returns 404. */
  readonly contact: string | null;
  readonly now: () => number;
}

export function securityContactRouter({ contact, now }: SecurityContactPorts): Router {
  const router = express.Router();
  if (contact === null) return router;
  router.get('/.well-known/security.txt', (_request, response) => {
    const expires = new Date(now() + VALID_FOR).toISOString();
    response.set('Cache-Control', 'public, max-age=86400').type('text/plain; charset=utf-8');
    response.send(`Contact: ${contact}\nExpires: ${expires}\nPreferred-Languages: en\n`);
  });
  return router;
}
