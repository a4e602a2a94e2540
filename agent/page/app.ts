/**
 * HTTP application of the device page: access checks (`guard.ts`), routes, and error responses as problems (RFC 9457). Message content
 * never goes into a log.
 */
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { failureOf } from '../../shared/api/failure.ts';
import { CordonError } from '../../shared/errors.ts';
import { servePages } from '../../shared/pages/serve.ts';
import type { Agent } from '../agent.ts';
import type { Mail } from '../mail/mail.ts';
import type { Messaging } from '../messaging/messaging.ts';
import type { OrganizationFiles } from '../workspace/organization-files.ts';
import type { Changes } from './changes.ts';
import { addConversationRoutes } from './conversation-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { requireOwnHost, requireOwnPage } from './guard.ts';
import { mailProgramsRoutes, type PagePrograms } from './mail-programs-routes.ts';
import { mailRoutes } from './mail-routes.ts';
import { addMessageRoutes } from './message-routes.ts';
import { passcodeRoutes } from './passcode-routes.ts';
import { addSessionRoutes } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { addStatusRoutes, type PagePower, type PageUpdates, type StatusSources } from './status-routes.ts';

export interface PagePorts {
  readonly messaging: Messaging;
  readonly mail: Mail;
  /** Service for other mail programs on this device; null on a mail connector, which has no user. */
  readonly programs: PagePrograms | null;
  readonly files: OrganizationFiles;
  /** Minutes without input after which a session ends; null for no limit. */
  readonly idleMinutes: () => number | null;
  readonly updates: PageUpdates;
  readonly power: PagePower;
  readonly agent: StatusSources & Pick<Agent, 'onChange' | 'passcode'>;
  readonly log: { error(facts: object, message: string): void };
}

interface AppPorts extends PagePorts {
  readonly port: number;
  readonly folder: string;
  readonly sessions: Sessions;
  readonly changes: Changes;
}

const NOT_BUILT =
  'The device page is not built yet, or a build is running. The browser reloads automatically.\n\nTo build the page, run:  npm run page\n';

/**
 * Additions to the page's content security policy for mail in HTML. The sanitizer DOMPurify needs its own policy of trusted types. A mail
 * is displayed in a frame without scripts, which inherits this policy, and its formatting is in `style` attributes.
 */
const MAIL_POLICY = { trustedTypes: ['default', 'dompurify', 'mail'], styleSrcAttr: ["'unsafe-inline'"] };

export function createPageApp({
  messaging,
  mail,
  programs,
  files,
  updates,
  power,
  agent,
  log,
  port,
  folder,
  sessions,
  changes,
}: AppPorts): express.Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', 'simple');
  // Content security policy for all responses except pages. The policy prevents a browser from executing anything in a response, even if
  // the user opens the response in a tab.
  const directives = {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    sandbox: [],
  };
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives }, strictTransportSecurity: false }));
  app.use((request, _response, next) => {
    requireOwnHost(request.headers, port);
    next();
  });

  const api = express.Router();
  app.use('/api', api);
  api.use((request, response, next) => {
    response.set('Cache-Control', 'no-store');
    requireOwnPage(request.headers);
    next();
  });
  addSessionRoutes(api, { port, sessions, changes, onUse: agent.passcode.used });
  addStatusRoutes(api, { messaging, agent, updates, power });
  addConversationRoutes(api, messaging);
  addMessageRoutes(api, messaging);
  api.use('/files', fileRoutes(files, agent));
  api.use('/passcode', passcodeRoutes(agent));
  api.use('/mail/programs', mailProgramsRoutes(programs));
  api.use('/mail', mailRoutes({ mail, gate: () => agent.gate('mail') }));
  api.use(() => {
    throw new CordonError('not_found', 'The requested path does not exist. Check the address.');
  });

  app.use(servePages({ folder, noPage: ['api'], notBuilt: NOT_BUILT, policy: MAIL_POLICY }));
  app.use(() => {
    throw new CordonError('not_found', 'The requested path does not exist. Check the address.');
  });
  app.use((thrown: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    const { problem, headers } = failureOf(thrown, request, log);
    response.set(headers).set('Cache-Control', 'no-store').removeHeader('Content-Disposition');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}
