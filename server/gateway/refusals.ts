/** Refusals of the device listener as HTTP: problem+json with the code that an agent matches on, and 451 as RFC 7725 has it. */
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

/** A body that is read while it is sent. `end` is called once nothing more of it is. */
export interface Streamed {
  readonly size: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  readonly end: () => void;
}

/** A refused device asks again by itself; this keeps ten thousand of them from asking at once. Seconds. */
const KNOCK_AFTER = { least: 300, spread: 300 };

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
 * `management` is denied. `told.list` is given when the device's own is older: the refusal itself must tell it of the order that it
 * refuses by. `random` from 0 to 1.
 */
export function denialOf(
  verdict: ServiceVerdict,
  /** What a connected device would be told by frames: without it one that knows its place by its address alone would not learn that it has moved. */
  told: {
    readonly list: Envelope | null;
    /** The revisions behind its stubs. */
    readonly withheld: readonly Envelope[];
    readonly address: { readonly time: number; readonly areas: readonly string[] };
    /** After a restore: what the device is asked for. */
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
      'Retry-After': String(Math.round(KNOCK_AFTER.least + random * KNOCK_AFTER.spread)),
      ...blockedBy(problem, operatorUrl),
    },
    body: JSON.stringify({
      ...problem,
      address: told.address,
      ...(told.recall && { recall: told.recall }),
      ...(told.list && { list: told.list, withheld: told.withheld }),
    }),
  };
}

/** For an upgrade, which has no response object. */
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
  // Whoever is answered before its body has come is not waited for: a file may take its time, and what is refused must not.
  const last = response.req.complete ? {} : { Connection: 'close' };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.writeHead(status, { ...headers, ...last, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.once('close', body.end);
  // The client may have gone before there was a response.
  if (response.destroyed || response.closed) {
    body.end();
    return;
  }
  response.writeHead(status, { ...headers, ...last, 'Content-Length': body.size });
  // An error ends the connection, so that the client sees that bytes are missing.
  pipeline(Readable.from(body.pieces(), { highWaterMark: 1 }), response).catch(() => response.destroy());
}
