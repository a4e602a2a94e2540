/**
 * TLS listener for devices and for the public. It reads PROXY protocol headers before TLS, from configured addresses only. It limits
 * concurrent handshakes, and the memory of a peer that does not read.
 */
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server, type ServerOptions } from 'node:https';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';
import { type Admission, type AdmissionLimits, createAdmission, endsOf, sourceOf } from './admission.ts';
import { OpenConnections } from './open-connections.ts';
import { parseProxyHeader } from './proxy-protocol.ts';
import { sendInSlices } from './sliced-responses.ts';
import { startAfterFirstBytes } from './tls-start.ts';
import { enforceWriteDeadlines, type WriteDeadlines } from './write-deadlines.ts';

/** Key exchange groups for TLS: the hybrid post-quantum group first, then the common curves. */
export const KEY_EXCHANGE_GROUPS = 'X25519MLKEM768:X25519:P-256';
/**
 * TLS 1.2 or later with an optional client certificate, for standard EST clients (RFC 7030, section 3.3.2), which present a certificate
 * only in the first handshake. The certificate request names the authorities in `ca`, so that a browser without a matching certificate does
 * not ask its user. A certificate that cannot be verified does not end the handshake, but `authorized` is false.
 */
export const OPTIONAL_CLIENT_CERTIFICATE = {
  requestCert: true,
  rejectUnauthorized: false,
  minVersion: 'TLSv1.2',
} as const;
/** Deadline in milliseconds for the header of a request. It also applies to the body, unless the routes set their own deadlines. */
const REQUEST_WITHIN = 30_000;
/** Milliseconds between two checks of these deadlines. */
const CHECK_EVERY = 5_000;
/**
 * Deadline in milliseconds for the proxy's header, and then for the TLS handshake. The first bytes of TLS must arrive in half of this time,
 * before the handshake begins. The deadlines are short, because each idle peer occupies a file descriptor.
 */
const HANDSHAKE_WITHIN = 10_000;

export interface TlsListener {
  readonly server: Server;
  /** Starts the listener and returns its port. If `reserved` is given, the listener uses this socket, which is already bound. */
  listen(bind: string, port: number, reserved?: NetServer): Promise<number>;
  /**
   * Source address of the connection: from the trusted proxy's header, or else from the socket. Null if the proxy's header contains no
   * address.
   */
  addressOf(request: IncomingMessage): string | null;
  counts(): ReturnType<Admission['counts']>;
  /**
   * Replaces the server certificate. Node resets every omitted TLS option to its default, so the implementation must pass all options
   * again.
   */
  renew(identity: { readonly key: string; readonly cert: string }): void;
  close(): Promise<void>;
}

export interface ListenerBounds {
  readonly admission: AdmissionLimits;
  readonly deadlines?: WriteDeadlines;
}

export interface TlsListenerOptions extends ServerOptions {
  /** If true, every connection must begin with a PROXY protocol header from a trusted address. */
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
  // Without a limit, the listener need not remember its connections. This saves memory for each device.
  const connections = Number.isFinite(bounds.admission.open) ? new OpenConnections() : null;
  const admission = createAdmission(bounds.admission, (source) =>
    connections?.closeOne(source === null ? {} : { of: source }),
  );
  const sources = new Map<string, string | null>();
  const open = new Set<Socket>();
  const { handshakeTimeout = HANDSHAKE_WITHIN } = options;
  const { headersTimeout = REQUEST_WITHIN, requestTimeout = REQUEST_WITHIN } = options;
  const secured = { ...options, ecdhCurve: KEY_EXCHANGE_GROUPS };
  const server = createHttpsServer(
    { ...secured, handshakeTimeout, headersTimeout, requestTimeout, connectionsCheckingInterval: CHECK_EVERY },
    (request, response) => {
      sendInSlices(response);
      connections?.begin(request, response);
      onRequest(request, response);
    },
  );
  // A failed handshake is the peer's error. The server destroys the socket and logs no error of its own.
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // OpenSSL's name of the TLS failure, such as `CERT_HAS_EXPIRED`. If the peer disconnects during the handshake, there is no TLS failure,
    // but also no session.
    const code = (error.code ?? 'unknown').slice(0, 80);
    onTlsFailure({ code, address: sources.get(endsOf(socket)) ?? canonicalAddress(socket.remoteAddress ?? '') });
    socket.destroy();
  });
  server.on('secureConnection', admission.secured);
  if (connections) server.on('secureConnection', (socket: Socket) => connections.secured(socket));
  enforceWriteDeadlines(server, 'secureConnection', bounds.deadlines);

  // Handlers that all sockets share, to save memory.
  function onClose(this: Socket): void {
    open.delete(this);
  }
  function onError(this: Socket): void {
    this.destroy();
  }
  const front = createServer(
    { pauseOnConnect: true, noDelay: true },
    proxyFrom.length === 0 && !proxyRequired ? direct : proxied,
  );
  front.prependListener('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', onClose);
    socket.on('error', onError);
  });

  function admit(socket: Socket, address: string | null): void {
    admission.admit(socket, address, () => {
      connections?.add(socket, sourceOf(address ?? ''));
      startAfterFirstBytes(socket, handshakeTimeout / 2, {
        start: () => server.emit('connection', socket),
        failed: (code) => onTlsFailure({ code, address }),
      });
    });
  }
  function direct(socket: Socket): void {
    admit(socket, canonicalAddress(socket.remoteAddress ?? ''));
  }
  function proxied(socket: Socket): void {
    if (inRanges(trusted, socket.remoteAddress ?? '')) {
      readProxyHeader(socket, handshakeTimeout, (source) => {
        const key = endsOf(socket);
        sources.set(key, source);
        socket.once('close', () => sources.delete(key));
        admit(socket, source ?? canonicalAddress(socket.remoteAddress ?? ''));
      });
    } else if (proxyRequired) socket.destroy();
    else direct(socket);
  }
  // Emit `listening`, although the outer server passes sockets to this HTTPS server. Without this event, Node enforces no deadline on slow
  // requests.
  front.on('listening', () => server.emit('listening'));

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
      const source = sources.size === 0 ? undefined : sources.get(endsOf(socket));
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

/**
 * Reads the proxy's header and calls `found` with its source address. The bytes after the header remain in the socket. Destroys a socket
 * without a header.
 */
function readProxyHeader(socket: Socket, within: number, found: (source: string | null) => void): void {
  let bytes = Buffer.alloc(0);
  const deadline = setTimeout(() => socket.destroy(), within);
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
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
    found(header.source);
  };
  socket.on('readable', read);
}
