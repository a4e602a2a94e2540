/**
 * Device page: an HTTP listener inside the agent, reachable only from the same machine (ADR 18). The agent starts the listener when the
 * user first opens the page, and closes it when the agent ends.
 */
import { createServer } from 'node:http';
import { createPageApp, type PagePorts } from './app.ts';
import { PAGE_FOLDER } from './build.ts';
import { createChanges } from './changes.ts';
import { createSessions } from './sessions.ts';

export interface Page {
  readonly url: string;
  /** Link that opens the page once, within a minute. The ticket comes after `#`, so browsers send it in no request. */
  link(): string;
  close(): Promise<void>;
}

/** `folder`: folder of the built page. The build may finish after the listener has started. */
export async function openPage(ports: PagePorts, folder = PAGE_FOLDER): Promise<Page> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const { port } = address;
  const url = `http://127.0.0.1:${port}`;
  const sessions = createSessions();
  const changes = createChanges();
  const cancellations = [ports.messaging.onChange(changes.changed), ports.agent.onChange(changes.changed)];
  server.on('request', createPageApp({ ...ports, port, folder, sessions, changes }));
  return {
    url,
    link: () => `${url}/#open=${sessions.ticket(Date.now())}`,
    async close() {
      for (const cancel of cancellations) cancel();
      changes.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
