/**
 * Device page: an HTTP listener inside the agent, reachable only from the same machine (ADR 18). The agent starts the listener when the
 * user first opens the page, and closes it when the agent ends.
 */
import { createServer } from '../../shared/node-http.ts';
import { createPageApp, type PagePorts } from './app.ts';
import { PAGE_FOLDER } from './build.ts';
import { createChanges } from './changes.ts';
import { createSessions } from './sessions.ts';

const CHECK_IDLE_EVERY = 5_000;

export interface Page {
  readonly url: string;
  /**
   * Link that opens the device page once, within a minute. The link contains a secret ticket after `#`, because browsers send that part of
   * a link in no request.
   */
  link(): string;
  close(): Promise<void>;
}

/**
 * Opens the HTTP listener of the device page. `folder`: folder with the files of the page. The build of these files may finish after the
 * listener has started.
 */
export async function openPage(ports: PagePorts, folder = PAGE_FOLDER): Promise<Page> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const { port } = address;
  const url = `http://127.0.0.1:${port}`;
  const sessions = createSessions(ports.idleMinutes);
  // A page without requests must close too: the end of its session ends its event stream.
  const idle = setInterval(() => sessions.endIdle(Date.now()), CHECK_IDLE_EVERY).unref();
  const changes = createChanges();
  const { messaging, mail, programs, agent } = ports;
  const sources = [messaging, mail, agent, ...(programs ? [programs] : [])];
  const cancellations = sources.map((source) => source.onChange(changes.changed));
  server.on('request', createPageApp({ ...ports, port, folder, sessions, changes }));
  return {
    url,
    link: () => `${url}/#open=${sessions.ticket(Date.now())}`,
    async close() {
      clearInterval(idle);
      for (const cancel of cancellations) cancel();
      changes.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
