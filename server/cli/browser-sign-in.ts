/** Sign-in through a browser: shows a code, and waits until the person has confirmed it in the console (RFC 8628). */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { begunCliSignIn, CLI_SIGN_IN_PATH, cliSignInResult } from '../../shared/api/cli-sign-in.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Cli } from './cli.ts';
import type { Client } from './client.ts';

/**
 * Polls for the decision. Returns the response with the cookie of the new session, and its content. Throws `not_found` for an expired code,
 * `forbidden` if the person declined.
 */
export async function signInByBrowser(cli: Cli, client: Client) {
  const begun = await client.call(begunCliSignIn, 'POST', '/session/cli', { host: hostname() || 'unknown' });
  const { userCode, secret, expiresInSeconds, interval } = begun;
  cli.out().note(`Open ${client.server}${CLI_SIGN_IN_PATH} in a browser, sign in, and enter the code ${userCode}.`);
  cli.out().note(`The code expires in ${expiresInSeconds / 60} minutes.`);
  const end = Date.now() + expiresInSeconds * 1000;
  while (Date.now() < end) {
    await sleep(interval * 1000);
    const response = await result(client, secret);
    const view = response && cliSignInResult.parse(await response.json()).session;
    if (response && view) return { response, view };
  }
  throw new CordonError('not_found', 'The code expired. Run "cordon sign-in" again.');
}

/** Returns null if the server does not respond now, because the next attempt may succeed. */
async function result(client: Client, secret: string): Promise<Response | null> {
  try {
    return await client.raw('POST', '/api/v1/session/cli/result', JSON.stringify({ secret }), {
      'content-type': 'application/json',
    });
  } catch (error) {
    if (isCordonError(error, 'unavailable')) return null;
    throw error;
  }
}
