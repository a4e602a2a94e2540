/**
 * HTTP responses with which the device listener refuses a device. The body is problem+json (RFC 9457) with a stable code. If an order is
 * the reason, the status is 451 (RFC 7725).
 */
import type { ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blockedBy, problemOf } from '../../shared/api/problems.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { STATUS_CODES } from '../../shared/node-http.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Streamed;
}

/** Response body that is read while it is sent. The function `end` is called when no more of the body is needed. */
export interface Streamed {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

/**
 * Seconds after which a refused device retries: `least` plus a random part of `spread`, because otherwise all refused devices would retry
 * at once.
 */
const RETRY_AFTER = { least: 300, spread: 300 };

export function refusalOf(thrown: unknown, operatorUrl: string | null): HttpResponse & { readonly body: string } {
  const error = isCordonError(thrown) ? thrown : new CordonError('internal', 'unexpected', {}, thrown);
  const problem = problemOf(error);
  const { retryAfter } = error.context;
  const wait = typeof retryAfter === 'number' ? retryAfter : problem.status === 503 ? 5 : null;
  return {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(wait === null ? {} : { 'Retry-After': String(wait) }),
      ...blockedBy(problem, operatorUrl),
    },
    body: JSON.stringify(problem),
  };
}

/**
 * Returns the response to a device whose service `management` is suspended. `random` is a number from 0 to 1 that varies the time of the
 * retry, so that refused devices do not all retry at once.
 */
export function denialOf(
  verdict: ServiceVerdict,
  /**
   * Data that the refused device receives in the response; a connected device receives the same data in frames. The areas of the IP address
   * tell a device without another location source that it has moved.
   */
  facts: {
    /**
     * Newest order list, with which the device can verify the order that the response names. Null if the device has this list, or if a
     * restored server must not send a list yet.
     */
    readonly list: Envelope | null;
    readonly withheld: readonly Envelope[];
    readonly address: { readonly time: number; readonly areas: readonly string[] };
    /**
     * Request of a restored server: `documents` for all signed documents on the device, `facts` for only the device record and the newest
     * ledger checkpoint; null for no request.
     */
    readonly recall: 'documents' | 'facts' | null;
  },
  operatorUrl: string | null,
  random: number,
): HttpResponse & { readonly body: string } {
  const orders = verdict.denials.map(({ order }) => order);
  const error = new CordonError('service_denied', `Management is suspended by order ${orders.join(' and order ')}.`, {
    orders,
    reasons: [...verdict.reasons],
  });
  const problem = { ...problemOf(error), status: 451 };
  return {
    status: 451,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'Retry-After': String(Math.round(RETRY_AFTER.least + random * RETRY_AFTER.spread)),
      ...blockedBy(problem, operatorUrl),
    },
    body: JSON.stringify({
      ...problem,
      address: facts.address,
      ...(facts.recall && { recall: facts.recall }),
      ...(facts.list && { list: facts.list, withheld: facts.withheld }),
    }),
  };
}

/** Write directly to the socket, because Node provides no response object for an upgrade request. */
export function refuseUpgrade(
  socket: Duplex,
  { status, headers, body }: HttpResponse & { readonly body: string | Buffer },
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

export function respond(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  // Send the refusal before the request's body has arrived, because the upload may be slow.
  const last = response.req.complete ? {} : { Connection: 'close' };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.once('close', body.end);
  // The client may have disconnected already. The body is then not needed.
  if (response.destroyed || response.closed) {
    body.end();
    return;
  }
  response.writeHead(status, { ...headers, ...last, 'Content-Length': body.size });
  // If the body cannot be read, destroy the connection, so that the client notices the missing bytes.
  pipeline(Readable.from(body.pieces(), { highWaterMark: 1 }), response).catch(() => response.destroy());
}
