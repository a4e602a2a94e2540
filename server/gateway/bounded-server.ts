/**
 * Limits of the admin listener: open connections in total and for each address, and deadlines for peers that do not send or do not read. The
 * limits never refuse a new connection: they close an older one that waits for its client.
 */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';
import { sourceOf } from './admission.ts';
import type { OpenConnections } from './open-connections.ts';
import { sendInSlices } from './sliced-responses.ts';
import { enforceWriteDeadlines, type WriteDeadlines } from './write-deadlines.ts';

const MOST_OPEN = 1_024;
/** Maximum number of connections from one address, apart from those that serve a signed-in account. */
const MOST_OPEN_OF_ONE = 128;
/**
 * Milliseconds for the rest of a request's body after the response was sent. Many clients read the response only after they have sent the
 * whole body.
 */
const REST_WITHIN = 2_000;

/**
 * Deadlines of the admin listener in milliseconds, for the constructor of the server. The deadline of a whole request is long enough for the
 * upload of a package. The API sets a shorter deadline for other bodies.
 */
export const ADMIN_DEADLINES = {
  headersTimeout: 15_000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 5_000,
} as const satisfies ServerOptions;

export interface ServerBounds {
  readonly tls: boolean;
  /** True for an address that many clients share, such as the address of a proxy. */
  readonly isShared: (address: string) => boolean;
  /** Address of the client that sent a request, from the header of a trusted proxy or from the socket. */
  readonly clientOf: (request: IncomingMessage) => string;
  readonly connections: OpenConnections;
  readonly deadlines?: WriteDeadlines;
}

export function boundServer(server: Server, { tls, isShared, clientOf, connections, deadlines }: ServerBounds): void {
  const known = (address: string) => (isShared(address) ? null : sourceOf(address));
  const limitSource = (source: string | null, newest: IncomingMessage | Socket) => {
    if (source !== null && connections.anonymousOf(source) > MOST_OPEN_OF_ONE) {
      connections.closeOne({ of: source, newest });
    }
  };

  server.prependListener('connection', (socket: Socket) => {
    const source = known(canonicalAddress(socket.remoteAddress ?? '') ?? '');
    connections.add(socket, source);
    limitSource(source, socket);
    if (connections.size > MOST_OPEN) connections.closeOne({ newest: socket });
  });
  if (tls) server.on('secureConnection', (socket: Socket) => connections.secured(socket));
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    sendInSlices(response);
    const source = known(clientOf(request));
    connections.begin(request, response, source);
    limitSource(source, request);
    response.once('finish', () => {
      if (!request.complete) endUnlessComplete(request);
    });
  });
  enforceWriteDeadlines(server, tls ? 'secureConnection' : 'connection', deadlines);
}

function endUnlessComplete(request: IncomingMessage): void {
  const { socket } = request;
  const deadline = setTimeout(() => request.complete || socket.destroy(), REST_WITHIN).unref();
  socket.once('close', () => clearTimeout(deadline));
}

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
