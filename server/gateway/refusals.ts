/**
 * HTTP responses with which the device listener refuses a device: problem+json with a stable code, and status 451 (RFC 7725) because of an
 * order.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blockedBy, problemOf } from '../../shared/api/problems.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Streamed;
}

/** Response body that is read while it is sent. `end` is called if the rest of the body is not needed. */
export interface Streamed {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

/** Seconds after which a refused device retries. The random spread prevents ten thousand devices from retrying at once. */
const RETRY_AFTER = { least: 300, spread: 300 };

export function refusalOf(thrown: unknown, operatorUrl: string | null): Answer & { readonly body: string } {
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
 * Refusal of a device whose service `management` is suspended. `facts.list` is set if the device's order list is older, because the device
 * must have the order that the refusal names. `random`: from 0 to 1.
 */
export function denialOf(
  verdict: ServiceVerdict,
  /**
   * Facts that a connected device would receive in frames. A suspended device that only knows its address learns from them that it has
   * moved.
   */
  facts: {
    readonly list: Envelope | null;
    /** Complete revisions of the withheld orders in the order list. */
    readonly withheld: readonly Envelope[];
    readonly address: { readonly time: number; readonly areas: readonly string[] };
    /** Documents that a restored server requests from the device; null if it requests none. */
    readonly recall: 'documents' | 'facts' | null;
  },
  operatorUrl: string | null,
  random: number,
): Answer & { readonly body: string } {
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

/** Writes the response directly to the socket, because an upgrade request has no response object. */
export function refuseUpgrade(
  socket: Duplex,
  { status, headers, body }: Answer & { readonly body: string | Buffer },
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

export function respond(response: ServerResponse, { status, headers, body }: Answer): void {
  // Send the refusal before the rest of the request's body arrives, because the upload may be slow.
  const last = response.req.complete ? {} : { Connection: 'close' };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.once('close', body.end);
  // The client may have disconnected already.
  if (response.destroyed || response.closed) {
    body.end();
    return;
  }
  response.writeHead(status, { ...headers, ...last, 'Content-Length': body.size });
  // A read error ends the connection early, so that the client notices the missing bytes.
  pipeline(Readable.from(body.pieces(), { highWaterMark: 1 }), response).catch(() => response.destroy());
}
