/** Console from its sources, with reload, in front of a running server, for `npm run dev`. */
import { join } from 'node:path';
import { createServer, type Plugin } from 'vite';
import { sessionCookieName } from '../../shared/api/session.ts';
import { isCordonError } from '../../shared/errors.ts';
import { type Person, signIn } from '../support/people.ts';

const CONSOLE = join(import.meta.dirname, '../../server/console');
const PORT = 5173;
/** Path below which each person's name is a sign-in link. */
const SIGN_IN = '/sign-in-as/';

export interface DevConsole {
  readonly url: string;
  signInLink(name: string): string;
}

export async function serveConsoleSources(
  admin: string,
  people: readonly { readonly name: string; readonly signIn: Person['signIn'] }[],
): Promise<DevConsole> {
  const signingIn: Plugin = {
    name: 'sign-in-as',
    configureServer: ({ middlewares }) => {
      middlewares.use(SIGN_IN, (request, response) => {
        const name = decodeURIComponent(request.url?.slice(1) ?? '');
        const person = people.find((each) => each.name === name);
        const answer = (status: number, text: string, headers: Record<string, string> = {}) =>
          response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
        if (!person) return answer(404, `Nobody is called ${name}.`);
        signIn(admin, person.signIn).then(
          ({ cookie, csrf }) =>
            answer(
              200,
              `<script>localStorage.setItem('cordon-session', ${JSON.stringify(csrf)}); location.replace('/')</script>`,
              {
                'content-type': 'text/html',
                'set-cookie': `${sessionCookieName(false)}=${cookie}; Path=/; HttpOnly`,
              },
            ),
          (error: unknown) =>
            isCordonError(error, 'totp_reused')
              ? answer(429, 'The code has been used; the next one comes within 30 seconds.', { refresh: '5' })
              : answer(502, String(error)),
        );
      });
    },
  };
  const vite = await createServer({
    configFile: join(CONSOLE, 'vite.config.ts'),
    configLoader: 'native',
    logLevel: 'warn',
    plugins: [signingIn],
    server: { host: '127.0.0.1', port: PORT, proxy: { '/api': admin } },
  });
  await vite.listen();
  const url = (vite.resolvedUrls?.local[0] ?? `http://127.0.0.1:${PORT}/`).replace(/\/$/, '');
  return { url, signInLink: (name) => `${url}${SIGN_IN}${encodeURIComponent(name)}` };
}
