/**
 * POST request to a receiver outside: without redirects, with a deadline, and with a limit for the response. The server and the ledger
 * monitor send their webhooks with it.
 */
import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from '../../shared/node-http.ts';
import { hostOf, isLiteralAddress, type ReceiverAddresses } from './receiver-addresses.ts';

const DEADLINE = 10_000;
const LARGEST_RESPONSE = 64 * 1024;

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /**
   * Guard that checks the receiver's address before and after the connection. Null if the operator of the machine wrote the URL, which is
   * then trusted.
   */
  readonly addresses: ReceiverAddresses | null;
  readonly deadline?: number;
}

/** Resolves if the receiver answers with a status from 200 to 299. Rejects with a reason otherwise, also for a redirect. */
export function postRequest({ url, headers, body, addresses, deadline = DEADLINE }: PostRequest): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const parsed = new URL(url);
  if (addresses && isLiteralAddress(hostOf(parsed))) addresses.require(hostOf(parsed));
  const send = parsed.protocol === 'http:' ? httpRequest : httpsRequest;
  const options = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers },
    signal: AbortSignal.timeout(deadline),
    // No agent is used, so that each request opens a new connection, whose address is checked.
    agent: false as const,
    ...(addresses && { lookup: addresses.lookup }),
  };
  const request = send(parsed, options, (response) => {
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_RESPONSE) request.destroy(new Error(`its response has more than ${LARGEST_RESPONSE} bytes`));
    });
    response.on('error', reject);
    response.on('end', () => {
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) resolve();
      else if (statusCode >= 300 && statusCode < 400) reject(new Error(`it redirects (HTTP status ${statusCode})`));
      else reject(new Error(`it answered with HTTP status ${statusCode}`));
    });
  });
  request.on('socket', (socket) => {
    socket.once('connect', () => {
      if (!addresses) return;
      try {
        const { remoteAddress = '' } = socket;
        if (parsed.protocol === 'http:') addresses.requirePlain(remoteAddress);
        else addresses.require(remoteAddress);
      } catch (error) {
        request.destroy(error as Error);
      }
    });
  });
  request.on('error', (error) => {
    reject(
      error.name === 'TimeoutError' || error.name === 'AbortError'
        ? new Error('it did not answer in time', { cause: error })
        : error,
    );
  });
  request.end(body);
  return promise;
}
