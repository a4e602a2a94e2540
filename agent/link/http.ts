import type { RequestOptions } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { CordonError } from '../../shared/errors.ts';
import { Agent, request as httpRequest } from '../../shared/node-http.ts';
import type { SecureDial } from './tls.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Time limit in milliseconds for the whole request and response; one minute by default. */
  readonly within?: number;
}

export type Http = (url: URL, request: HttpRequest) => Promise<HttpResponse>;

export interface DeviceListener {
  readonly deviceUrl: () => string;
  readonly http: () => Http;
}

/** Milliseconds without data after which the request fails. */
const IDLE_TIMEOUT = 30_000;
const RESPONSE_WITHIN = 60_000;
const LARGEST_RESPONSE = 32 * 1024 * 1024;

export function overTls(dial: SecureDial): Http {
  return async (url, request) => {
    const socket = await dial(targetOf(url));
    try {
      // `node:http` and not `node:https`, because the given connection already has TLS.
      return await sendRequest(url, request, { createConnection: () => socket, headers: { connection: 'close' } });
    } finally {
      socket.destroy();
    }
  };
}

/**
 * HTTPS requests to one server, in sequence over one connection, which the caller must close. If the server closes the connection, the next
 * request opens a new one.
 */
export function overOneConnection(dial: SecureDial): { readonly http: Http; close(): void } {
  let socket: TLSSocket | null = null;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  return {
    async http(url, request) {
      if (!socket || socket.destroyed) socket = await dial(targetOf(url));
      return sendRequest(url, request, { agent });
    },
    close() {
      agent.destroy();
      socket?.destroy();
    },
  };
}

function sendRequest(url: URL, options: HttpRequest, over: RequestOptions): Promise<HttpResponse> {
  const { method, headers, body, within = RESPONSE_WITHIN } = options;
  return new Promise((resolve, reject) => {
    const giveUp = (ms: number) => {
      const error = new Error(`no response from ${url.host} in ${ms} ms`);
      reject(error);
      request.destroy(error);
    };
    const deadline = setTimeout(giveUp, within, within);
    const request = httpRequest({
      ...over,
      ...targetOf(url),
      method,
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        ...over.headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
      timeout: IDLE_TIMEOUT,
    });
    request.once('timeout', () => giveUp(IDLE_TIMEOUT));
    request.once('close', () => clearTimeout(deadline));
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST_RESPONSE)
          response.destroy(new CordonError('too_large', `The response of ${url.host} is too large.`));
        chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.end(body);
  });
}

/** Converts every error except a `CordonError` to the error `unavailable`. */
export async function orUnavailable<T>(response: Promise<T>): Promise<T> {
  try {
    return await response;
  } catch (cause) {
    if (cause instanceof CordonError) throw cause;
    const detail =
      'The server cannot be reached. Try again when `cordon-agent status` shows the connection as connected.';
    throw new CordonError('unavailable', detail, {}, cause);
  }
}

const targetOf = (url: URL) => ({ host: hostOf(url), port: Number(url.port || 443) });

/** Host name in the form that a socket needs: an IPv6 address has no brackets, unlike in a URL. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
