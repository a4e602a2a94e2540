/**
 * A TLS listener: reads the PROXY protocol from configured addresses, and from nobody else, before TLS begins; admits connections in turns; bounds
 * what a peer that does not read can hold. The device and the public listener use it, so that both see the same source addresses.
 */
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server, type ServerOptions } from 'node:https';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';
import { type Admission, type AdmissionLimits, createAdmission, endsOf } from './admission.ts';
import { parseProxyHeader } from './proxy-protocol.ts';
import { sendInSlices } from './sliced-responses.ts';
import { enforceWriteDeadlines, type WriteDeadlines } from './write-deadlines.ts';

/** Hybrid post-quantum first, then what every client of the last years has. */
export const KEY_EXCHANGE_GROUPS = 'X25519MLKEM768:X25519:P-256';
/** For the head of a request, and for all of it unless the listener's routes bound their bodies themselves. */
const REQUEST_WITHIN = 30_000;
/** A peer that connects and says nothing holds a file descriptor. The same for the proxy's header, which comes in its first packet. */
const HANDSHAKE_WITHIN = 10_000;

export interface TlsListener {
  readonly server: Server;
  /** `reserved`: takes over this server's socket, which is bound already. Returns the port. */
  listen(bind: string, port: number, reserved?: NetServer): Promise<number>;
  /** Where the connection under this request came from: the socket's own address, or what a trusted proxy said; null when it did not say. */
  addressOf(request: IncomingMessage): string | null;
  /** For metrics. */
  counts(): ReturnType<Admission['counts']>;
  /** A new server certificate, with everything else as it was: Node would fall back to its own defaults for what is not said again. */
  renew(identity: { readonly key: string; readonly cert: string }): void;
  /** Stops accepting and ends what is open. */
  close(): Promise<void>;
}

export interface ListenerBounds {
  readonly admission: AdmissionLimits;
  readonly deadlines?: WriteDeadlines;
}

export interface TlsListenerOptions extends ServerOptions {
  /** Refuse every connection without a PROXY protocol header from a trusted address. */
  readonly proxyRequired?: boolean;
}

export function createTlsListener(
  options: TlsListenerOptions,
  proxyFrom: readonly string[],
  bounds: ListenerBounds,
  onRequest: RequestListener,
  onTlsFailure: (failure: { readonly code: string; readonly address: string | null }) => void = () => undefined,
): TlsListener {
  const { proxyRequired = false } = options;
  const trusted = parseAddressRanges(proxyFrom);
  const admission = createAdmission(bounds.admission);
  const told = new Map<string, string | null>();
  const open = new Set<Socket>();
  const { handshakeTimeout = HANDSHAKE_WITHIN } = options;
  const { headersTimeout = REQUEST_WITHIN, requestTimeout = REQUEST_WITHIN } = options;
  const secured = { ...options, ecdhCurve: KEY_EXCHANGE_GROUPS };
  const server = createHttpsServer(
    { ...secured, handshakeTimeout, headersTimeout, requestTimeout },
    (request, response) => {
      sendInSlices(response);
      onRequest(request, response);
    },
  );
  // A peer that fails its handshake is not our error: the listener goes on, and the socket is gone.
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // OpenSSL's reason without its internals, such as `CERT_HAS_EXPIRED`. A peer that hangs up is no failure of TLS, but it has no session.
    const code = (error.code ?? 'unknown').slice(0, 80);
    onTlsFailure({ code, address: told.get(endsOf(socket)) ?? canonicalAddress(socket.remoteAddress ?? '') });
    socket.destroy();
  });
  server.on('secureConnection', admission.secured);
  enforceWriteDeadlines(server, 'secureConnection', bounds.deadlines);

  // One function for all sockets, and not one each.
  function gone(this: Socket): void {
    open.delete(this);
  }
  const front = createServer(
    { pauseOnConnect: true, noDelay: true },
    proxyFrom.length === 0 && !proxyRequired ? direct : proxied,
  );
  front.prependListener('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', gone);
  });

  function admit(socket: Socket, address: string | null): void {
    admission.admit(socket, address, () => server.emit('connection', socket));
  }
  function direct(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    admit(socket, canonicalAddress(socket.remoteAddress ?? ''));
  }
  function proxied(socket: Socket): void {
    if (inRanges(trusted, socket.remoteAddress ?? '')) {
      socket.on('error', () => socket.destroy());
      readHeader(socket);
    } else if (proxyRequired) socket.destroy();
    else direct(socket);
  }
  // The HTTPS server never listens by itself, and without this event it would enforce no time limit on slow requests.
  front.on('listening', () => server.emit('listening'));

  function readHeader(socket: Socket): void {
    let bytes = Buffer.alloc(0);
    const deadline = setTimeout(() => socket.destroy(), handshakeTimeout);
    socket.once('close', () => clearTimeout(deadline));
    const read = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) bytes = Buffer.concat([bytes, chunk]);
      const header = parseProxyHeader(bytes);
      if (header.kind === 'incomplete') return;
      clearTimeout(deadline);
      socket.off('readable', read);
      if (header.kind === 'invalid') {
        socket.destroy();
        return;
      }
      const key = endsOf(socket);
      told.set(key, header.source);
      socket.once('close', () => told.delete(key));
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      admit(socket, header.source ?? canonicalAddress(socket.remoteAddress ?? ''));
    };
    socket.on('readable', read);
  }

  return {
    server,
    listen: async (bind, port, reserved) => {
      if (reserved) front.listen(reserved);
      else front.listen(port, bind);
      await once(front, 'listening');
      const address = front.address();
      return address !== null && typeof address === 'object' ? address.port : port;
    },
    addressOf: ({ socket }) => {
      const source = told.size === 0 ? undefined : told.get(endsOf(socket));
      return source === undefined ? canonicalAddress(socket.remoteAddress ?? '') : source;
    },
    counts: admission.counts,
    renew: (identity) => server.setSecureContext({ ...secured, ...identity }),
    close: async () => {
      const closed = once(front, 'close');
      front.close();
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
