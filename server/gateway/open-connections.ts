/**
 * Open connections of a listener whose clients need no certificate. If too many are open, the listener closes one that waits for its
 * client, instead of refusing the new one. Clients that never finish a request therefore cannot lock others out.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { endsOf } from './admission.ts';

interface Connection {
  /** TCP socket, or the TLS socket over it after the handshake. */
  socket: Socket;
  /** Client's address or network. Null if unknown, such as for a proxy's connection before its first request. */
  source: string | null;
  request: IncomingMessage | null;
  response: ServerResponse | null;
  /** Account that sent the request in progress. Null for a request without valid credentials. */
  account: string | null;
}

/** Order in which connections are closed: those that wait for their client first, those of signed-in accounts last. */
const STAGES = ['waits-for-client', 'is-served', 'signed-in'] as const;

export class OpenConnections {
  readonly #open = new Map<Socket, Connection>();
  /** The same connections by both end points, because a request knows only its TLS socket. */
  readonly #byEnds = new Map<string, Connection>();

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket, source: string | null): void {
    const connection: Connection = { socket, source, request: null, response: null, account: null };
    const ends = endsOf(socket);
    this.#open.set(socket, connection);
    this.#byEnds.set(ends, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#byEnds.get(ends) === connection) this.#byEnds.delete(ends);
    });
  }

  /** Replaces the TCP socket by its TLS socket, so that the listener closes both. */
  secured(socket: Socket): void {
    const connection = this.#byEnds.get(endsOf(socket));
    if (connection) connection.socket = socket;
  }

  /** `source`: the client that a proxy named in the request; undefined if the connection keeps its source. */
  begin(request: IncomingMessage, response: ServerResponse, source?: string | null): void {
    const connection = this.#byEnds.get(endsOf(request.socket));
    if (!connection) return;
    if (source !== undefined) connection.source = source;
    Object.assign(connection, { request, response, account: null });
    response.once('close', () => {
      if (connection.response === response) Object.assign(connection, { request: null, response: null, account: null });
    });
  }

  signedIn(request: IncomingMessage, account: string): void {
    const connection = this.#byEnds.get(endsOf(request.socket));
    if (connection?.request === request) connection.account = account;
  }

  /** Number of connections from the source whose request comes from no signed-in account. */
  anonymousOf(source: string): number {
    let count = 0;
    for (const connection of this.#open.values()) {
      if (connection.source === source && connection.account === null) count += 1;
    }
    return count;
  }

  /**
   * Closes the oldest connection of the network and source that have most connections. `of`: only connections from this source without a
   * signed-in account. `newest`: connection that stays open.
   */
  closeOne({ of, newest }: { readonly of?: string; readonly newest?: IncomingMessage | Socket }): void {
    const spared = newest && this.#byEnds.get(endsOf('socket' in newest ? newest.socket : newest));
    const candidates = [...this.#open.values()].filter(
      (connection) =>
        connection !== spared &&
        !connection.socket.destroyed &&
        (of === undefined || (connection.source === of && connection.account === null)),
    );
    for (const stage of STAGES) {
      const chosen = oldestOfMost(candidates.filter((connection) => stageOf(connection) === stage));
      if (!chosen) continue;
      chosen.socket.destroy();
      return;
    }
  }
}

function stageOf({ request, response, account }: Connection): (typeof STAGES)[number] {
  if (account !== null) return 'signed-in';
  // A response that has begun and has not ended waits for a client that reads slowly.
  return request?.complete && response && !response.headersSent ? 'is-served' : 'waits-for-client';
}

/** Number of connections of one address or network above which the listener closes one of them rather than of a wider network. */
const FEW = 8;

type KeyOf = (connection: Connection) => string | null;

const sourceKey: KeyOf = ({ account, source }) => account ?? source;
/** /24 and /16 of IPv4, /48 and /32 of IPv6. */
const NETWORKS: readonly KeyOf[] = [3, 2].map(
  (parts) =>
    ({ account, source }) =>
      account ?? networkOf(source, parts),
);

/**
 * Returns the oldest connection of the account or source that has most of the connections, which are ordered by age. If no source has more
 * than a few, the connections of a network count together, because a flood can use each address of a network once.
 */
function oldestOfMost(connections: readonly Connection[]): Connection | null {
  const largest = [sourceKey, ...NETWORKS]
    .map((keyOf) => largestGroup(connections, keyOf))
    .find((group) => group.length > FEW);
  return largestGroup(largest ?? connections, sourceKey)[0] ?? null;
}

/** Returns the first of the largest groups. */
function largestGroup(connections: readonly Connection[], keyOf: KeyOf): readonly Connection[] {
  let most: readonly Connection[] = [];
  for (const group of Map.groupBy(connections, keyOf).values()) {
    if (group.length > most.length) most = group;
  }
  return most;
}

/** Network of a source: an IPv4 address, or the first four groups of an IPv6 address (`sourceOf`). */
function networkOf(source: string | null, parts: number): string | null {
  if (source === null) return null;
  const separator = source.includes(':') ? ':' : '.';
  return source.split(separator).slice(0, parts).join(separator);
}
