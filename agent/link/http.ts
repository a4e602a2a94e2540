/** HTTPS for what does not go over the link: enrolment, renewal, and a refused device's polling. */
import { Agent, request as httpRequest, type RequestOptions } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { CordonError } from '../../shared/errors.ts';
import type { SecureDial } from './tls.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** The whole of question and answer, however slowly they go, in milliseconds; a minute by default. */
  readonly within?: number;
}

export type Http = (url: URL, request: HttpRequest) => Promise<HttpAnswer>;

/** Without a sign of the other side for so long it is given up. */
const SILENT_FOR = 30_000;
const ANSWER_WITHIN = 60_000;
const LARGEST_ANSWER = 32 * 1024 * 1024;

/** Each request over a connection of its own. */
export function overTls(dial: SecureDial): Http {
  return async (url, request) => {
    const socket = await dial(targetOf(url));
    try {
      // `node:http` on purpose: the connection that it is given has TLS already.
      return await ask(url, request, { createConnection: () => socket, headers: { connection: 'close' } });
    } finally {
      socket.destroy();
    }
  };
}

/** Requests to one server over one connection, one after the other; a new one if the server has closed it. Whoever opens it closes it. */
export function overOneConnection(dial: SecureDial): { readonly http: Http; close(): void } {
  let socket: TLSSocket | null = null;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  return {
    async http(url, request) {
      if (!socket || socket.destroyed) socket = await dial(targetOf(url));
      return ask(url, request, { agent });
    },
    close() {
      agent.destroy();
      socket?.destroy();
    },
  };
}

function ask(url: URL, asked: HttpRequest, over: RequestOptions): Promise<HttpAnswer> {
  const { method, headers, body, within = ANSWER_WITHIN } = asked;
  return new Promise((resolve, reject) => {
    const giveUp = (ms: number) => {
      const error = new Error(`no answer from ${url.host} in ${ms} ms`);
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
      timeout: SILENT_FOR,
    });
    request.once('timeout', () => giveUp(SILENT_FOR));
    request.once('close', () => clearTimeout(deadline));
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST_ANSWER) response.destroy(new CordonError('too_large', `${url.host} answered with too much`));
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

/** A server that cannot be reached is not what a person did wrong, nor whoever is asked about. Throws `unavailable`, or what says so itself. */
export async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof CordonError) throw cause;
    const detail = 'The server cannot be reached; try again when `status` says connected.';
    throw new CordonError('unavailable', detail, {}, cause);
  }
}

const targetOf = (url: URL) => ({ host: hostOf(url), port: Number(url.port || 443) });

/** A URL writes an IPv6 address in brackets; a socket does not. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
