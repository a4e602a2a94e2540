/** One HTTPS request over a connection of its own: all that enrolment, renewal and a refused device's polling need. */
import { request as httpRequest } from 'node:http';
import { CordonError } from '../../shared/errors.ts';
import type { SecureDial } from './tls.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export type Http = (url: URL, request: HttpRequest) => Promise<HttpAnswer>;

const ANSWER_WITHIN = 30_000;
const LARGEST_ANSWER = 32 * 1024 * 1024;

export function overTls(dial: SecureDial): Http {
  return async (url, { method, headers, body }) => {
    const port = Number(url.port || 443);
    const socket = await dial({ host: hostOf(url), port });
    return new Promise((resolve, reject) => {
      // `node:http` on purpose: the connection that it is given has TLS already.
      const request = httpRequest({
        createConnection: () => socket,
        method,
        path: `${url.pathname}${url.search}`,
        headers: {
          host: url.host,
          connection: 'close',
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
        timeout: ANSWER_WITHIN,
      });
      request.once('timeout', () => request.destroy(new Error(`no answer from ${url.host} in ${ANSWER_WITHIN} ms`)));
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_ANSWER)
            response.destroy(new CordonError('too_large', `${url.host} answered with too much`));
          chunks.push(chunk);
        });
        response.once('error', reject);
        response.once('end', () => {
          socket.destroy();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      request.end(body);
    });
  };
}

/** A URL writes an IPv6 address in brackets; a socket does not. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
