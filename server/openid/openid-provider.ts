/**
 * Client of an identity provider: OpenID Connect authorization code flow with PKCE (RFC 7636). openid-client checks state, nonce, the
 * parameter `iss` (RFC 9207), and the ID token with its signature. This file loads the library, so it is imported only if a provider is
 * configured.
 */
import * as client from 'openid-client';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { IdentityProvider, ProviderRequest } from '../admins/identity-provider.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { isProtected, requireProtected } from './protected-url.ts';
import { joinClaims, needsUserInfo, readClaims } from './provider-claims.ts';
import type { ProviderSettings } from './provider-settings.ts';

const DEADLINE = 10;
/** Milliseconds after which the server reads the provider's metadata again. The library reads new keys whenever a token needs them. */
const METADATA_LASTS = 3_600_000;

/** Seconds after which the provider asks for credentials again at a sign-in: the longest duration of a session in Cordon. */
const OLDEST_SIGN_IN = 12 * 3600;

interface OpenIdLog {
  warn(facts: object, message: string): void;
}

export interface OpenIdProvider extends IdentityProvider {
  /** Reads the metadata. Returns the reason of a failure, or null. */
  check(): Promise<string | null>;
}

export function createOpenIdProvider(ports: {
  readonly settings: ProviderSettings;
  /** Redirect URI and origin of the console. The listener's port is known only after the start. */
  readonly redirectUri: () => string;
  readonly afterSignOut: () => string;
  readonly log: OpenIdLog;
  /** Seconds for each request to the provider, from the connection to the last byte. Default: 10. */
  readonly deadline?: number;
  readonly now?: () => number;
}): OpenIdProvider {
  const { settings, redirectUri, afterSignOut, log } = ports;
  const now = ports.now ?? Date.now;
  let known: { readonly configuration: Promise<client.Configuration>; readonly at: number } | null = null;
  let newest: client.Configuration | null = null;

  /** Metadata of the provider. Concurrent requests share one discovery, and a failed discovery is repeated by the next request. */
  function metadata(): Promise<client.Configuration> {
    if (known && now() - known.at < METADATA_LASTS) return known.configuration;
    const discovery = { configuration: discover(settings, ports.deadline ?? DEADLINE), at: now() };
    known = discovery;
    discovery.configuration.then(
      (configuration) => {
        newest = configuration;
      },
      () => {
        if (known === discovery) known = null;
      },
    );
    return discovery.configuration;
  }

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isCordonError(error)) throw error;
      log.warn({ reason: reasonOf(error) }, 'a request with the identity provider failed');
      throw problemOf(error, settings.name);
    }
  }

  return {
    begin: (fresh) =>
      attempt(async () => {
        const configuration = await metadata();
        const request: ProviderRequest = {
          state: client.randomState(),
          nonce: client.randomNonce(),
          verifier: client.randomPKCECodeVerifier(),
        };
        const url = client.buildAuthorizationUrl(configuration, {
          redirect_uri: redirectUri(),
          scope: settings.scopes.join(' '),
          state: request.state,
          nonce: request.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(request.verifier),
          code_challenge_method: 'S256',
          // With `max_age`, the ID token states when the person entered credentials (OpenID Connect Core, section 3.1.2.1).
          max_age: String(fresh ? 0 : OLDEST_SIGN_IN),
          ...(fresh && { prompt: 'login' }),
        });
        return { url: url.href, request };
      }),

    finish: (response, { state, nonce, verifier }) =>
      attempt(async () => {
        const configuration = await metadata();
        const tokens = await client.authorizationCodeGrant(configuration, new URL(`${redirectUri()}?${response}`), {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (!claims) throw new Error('the provider sent no ID token');
        // OpenID Connect Core, section 3.1.3.7, step 5. The library checks this claim only in a token for several clients.
        if (claims.azp !== undefined && claims.azp !== settings.clientId) throw otherClient(settings.name);
        const more =
          needsUserInfo(claims, settings.groupsClaim) && configuration.serverMetadata().userinfo_endpoint !== undefined
            ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
            : {};
        return readClaims(joinClaims(claims, more), { groupsClaim: settings.groupsClaim, now: now() });
      }),

    signOutUrl() {
      const endpoint = newest?.serverMetadata().end_session_endpoint;
      if (!newest || endpoint === undefined || !isProtected(new URL(endpoint))) return null;
      return client.buildEndSessionUrl(newest, { post_logout_redirect_uri: afterSignOut() }).href;
    },

    async check() {
      try {
        await attempt(metadata);
        return null;
      } catch (error) {
        if (isCordonError(error)) return error.message;
        throw error;
      }
    },
  };
}

async function discover(
  { issuer, clientId, clientSecret }: ProviderSettings,
  timeout: number,
): Promise<client.Configuration> {
  const authentication = clientSecret === null ? client.None() : client.ClientSecretPost(clientSecret);
  const server = new URL(issuer);
  const configuration = await client
    .discovery(server, clientId, undefined, authentication, {
      [client.customFetch]: boundedFetch,
      timeout,
      execute: [
        // This check is necessary, because the library trusts an ID token without a signature if the token endpoint sent it over TLS.
        client.enableNonRepudiationChecks,
        // The settings allow http:// only for a provider on this machine, and `boundedFetch` checks each address again.
        ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      ],
    })
    .catch((error: unknown) => {
      const mismatch = error instanceof client.ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
      throw mismatch ? otherIssuer(issuer, error) : error;
    });
  // The library would accept the metadata of Entra ID for all tenants. Anyone with a Microsoft account could then sign in.
  if (new URL(configuration.serverMetadata().issuer).href !== server.href) throw otherIssuer(issuer);
  // The browser opens this address without `boundedFetch`. A compromised provider could name a script (`javascript:`).
  requireProtected(configuration.serverMetadata().authorization_endpoint ?? '');
  return configuration;
}

const otherClient = (name: string) =>
  new CordonError(
    'provider_refused',
    `The ID token of ${name} is for another client (claim azp). Correct the client id on the server or at ${name}.`,
  );

const otherIssuer = (issuer: string, cause?: unknown) =>
  new CordonError(
    'provider_unavailable',
    `The metadata of the identity provider names another issuer than ${issuer}. Correct "issuer" in the file of CORDON_OIDC_FILE. With Entra ID, use the address of your tenant.`,
    {},
    cause,
  );

/** Messages of the error and its causes, without their other values, which may contain a code, a token or claims. */
function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let at = error; at instanceof Error && messages.length < 5; at = at.cause) messages.push(at.message);
  return messages.join(': ').slice(0, 500);
}

/** Codes of openid-client for a provider that gave no usable response. */
const UNAVAILABLE = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'];

/**
 * Converts an error to a text for the user. The text never contains a description from the redirect, because anyone can write one into a
 * link.
 */
function problemOf(error: unknown, name: string): CordonError {
  if (error instanceof client.AuthorizationResponseError) {
    const known = /^[a-z_]{1,40}$/.test(error.error) ? ` (${error.error})` : '';
    return new CordonError(
      'provider_refused',
      `${name} refused the sign-in${known}. Try again, or ask an admin of ${name}.`,
      {},
      error,
    );
  }
  if (error instanceof client.ResponseBodyError && error.error === 'invalid_client') {
    const detail = `${name} does not accept Cordon's client id or secret. An admin must correct them on the server.`;
    return new CordonError('provider_unavailable', detail, {}, error);
  }
  if (error instanceof client.ResponseBodyError || (error instanceof client.ClientError && !isUnavailable(error))) {
    const detail = `The response of ${name} does not belong to this sign-in, or is not valid. Start the sign-in again.`;
    return new CordonError('provider_refused', detail, {}, error);
  }
  return new CordonError(
    'provider_unavailable',
    `${name} does not respond correctly, so nobody can sign in with it now. Try again later, or sign in with an owner's password.`,
    {},
    error,
  );
}

const isUnavailable = ({ code, message }: client.ClientError): boolean =>
  code === undefined ? message === 'something went wrong' : UNAVAILABLE.includes(code);
