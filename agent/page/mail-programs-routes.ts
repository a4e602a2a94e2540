import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { DEFAULT_PORT } from '../mail-programs/default-port.ts';
import type { MailPrograms } from '../mail-programs/mail-programs.ts';
import { mailProgramsView, newMailPasswordView, programsPortBody } from './mail-api.ts';
import { json, read, respond } from './route.ts';

export type PagePrograms = Pick<MailPrograms, 'status' | 'switchOn' | 'switchOff' | 'onChange'>;

const DOVECOT_EXAMPLE = join(import.meta.dirname, '../dovecot.conf.example');

/** Adds the routes of the service for other mail programs. `programs`: null on a mail connector, which has no user. */
export function mailProgramsRoutes(programs: PagePrograms | null): Router {
  const ofUser = (): PagePrograms => {
    if (programs) return programs;
    throw new CordonError('forbidden', 'A mail connector does not serve mail programs of a user.');
  };
  const routes = Router();
  routes.get(
    '/',
    respond(mailProgramsView, () => ({ ...ofUser().status(), defaultPort: DEFAULT_PORT })),
  );
  routes.post(
    '/on',
    json,
    respond(newMailPasswordView, ({ body }) => ofUser().switchOn(read(programsPortBody, body).port)),
  );
  routes.post(
    '/off',
    respond(done, async () => {
      await ofUser().switchOff();
      return DONE;
    }),
  );
  routes.get('/dovecot', async (_request, response) => {
    const example = await readFile(DOVECOT_EXAMPLE);
    response.type('application/octet-stream').attachment('dovecot.conf.example').send(example);
  });
  return routes;
}
