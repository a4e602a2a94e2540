/**
 * A real OpenID provider (oidc-provider) on this machine. Its sign-in page asks only for the login name. The test sets the groups of its
 * people, and a browser or `authorize` signs in.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

export interface ProviderPerson {
  email: string;
  name: string;
  groups: string[];
  email_verified?: boolean;
}

export const CLIENT = { id: 'cordon', secret: randomBytes(32).toString('hex') };

export type TestProvider = Awaited<ReturnType<typeof startProvider>>;

/** `redirectUris`: read when the provider starts to respond. */
export async function startProvider(people: Record<string, ProviderPerson>, redirectUris: () => string[]) {
  let provider: Provider | null = null;
  let address: AddressInfo | null = null;
  const server: Server = createServer((request, response) => void respond(request, response));
  const listen = async (port: number) => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    address = server.address() as AddressInfo;
  };
  await listen(0);
  const issuer = () => `http://127.0.0.1:${address?.port}`;

  function create(): Provider {
    const made: Provider = new Provider(issuer(), {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: redirectUris(),
          post_logout_redirect_uris: redirectUris().map((uri) => `${new URL(uri).origin}/`),
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      cookies: { keys: [randomBytes(16).toString('hex')] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
      features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
      findAccount: async (_context, id) => {
        const person = people[id];
        return person && { accountId: id, claims: async () => ({ sub: id, ...person }) };
      },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      // The organization's own program needs no consent of each person.
      loadExistingGrant: async (context: KoaContextWithOIDC) => {
        const { session, client } = context.oidc;
        const grant = new made.Grant({ clientId: client?.clientId, accountId: session?.accountId });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
      },
    });
    return made;
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    provider ??= create();
    if (!request.url?.startsWith('/interaction/')) return void provider.callback()(request, response);
    if (request.method === 'POST') {
      const body = Buffer.concat(await Array.fromAsync(request)).toString();
      const login = new URLSearchParams(body).get('login') ?? '';
      await provider.interactionFinished(request, response, { login: { accountId: login } });
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end(
      '<title>Directory</title><form method="post"><label>Login <input name="login"></label><button>Log in</button></form>',
    );
  }

  return {
    issuer: issuer(),
    people,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    start: () => listen(address?.port ?? 0),
  };
}

/**
 * Follows an authorization request as a browser would, and signs in as `login`. Returns the query of the redirect to the client. `jar`: the
 * browser's cookies, which keep the person signed in at the provider.
 */
export async function authorize(url: string, login: string, jar = new Map<string, string>()): Promise<string> {
  const { origin } = new URL(url);
  const send = async (to: string, body?: URLSearchParams) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(to, {
      method: body ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie },
      ...(body && { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  let response = await send(url);
  for (let step = 0; step < 10; step += 1) {
    const location = response.headers.get('location');
    if (location === null)
      throw new Error(`the provider did not redirect: ${response.status} ${await response.text()}`);
    const to = new URL(location, origin);
    if (to.origin !== origin) return to.search.slice(1);
    response = to.pathname.startsWith('/interaction/')
      ? await send(to.href, new URLSearchParams({ login }))
      : await send(to.href);
  }
  throw new Error('the provider redirects without end');
}
