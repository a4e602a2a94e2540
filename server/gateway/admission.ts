/**
 * Admission of connections to a listener. It limits handshakes in total and for each address, and open connections for each address.
 * Connections beyond a limit wait, and the waiting addresses take turns, so that one address cannot block the others.
 */
import type { Socket } from 'node:net';

export interface AdmissionLimits {
  readonly handshakes: number;
  readonly handshakesOfOne: number;
  readonly openOfOne: number;
  readonly open: number;
  /** Limits of waiting connections: their number, and the wait of one connection in milliseconds. */
  readonly waiting: number;
  readonly longestWait: number;
}

/**
 * Connection limits of the device listener. The number of open connections is unlimited, because each device has a certificate, and because
 * a whole office may share one address.
 */
export const DEVICE_LIMITS: AdmissionLimits = {
  handshakes: 1_024,
  handshakesOfOne: 512,
  openOfOne: Number.POSITIVE_INFINITY,
  open: Number.POSITIVE_INFINITY,
  waiting: 16_384,
  longestWait: 60_000,
};
/** Connection limits of the public listener. Its clients are anonymous and connect only briefly. */
export const PUBLIC_LIMITS: AdmissionLimits = {
  handshakes: 512,
  handshakesOfOne: 128,
  openOfOne: 256,
  open: 4_096,
  waiting: 8_192,
  longestWait: 30_000,
};

export interface Admission {
  /**
   * Calls `start` to begin the handshake, immediately or when the limits allow it. Destroys the connection if too many connections wait.
   */
  admit(socket: Socket, address: string | null, start: () => void): void;
  secured(socket: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>): void;
  counts(): { readonly handshakes: number; readonly waiting: number; readonly refused: number };
}

interface Source {
  readonly address: string;
  open: number;
  handshakes: number;
  readonly waiting: Map<Socket, () => void>;
  /** Handler of `close` for all sockets from one address. The sockets share it, to save memory. */
  readonly onClose: (this: Socket) => void;
}

/** Key that identifies a connection by its two end points. A TLS socket and the TCP socket under it have the same key. */
export const endsOf = ({
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
}: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/**
 * `makeRoom`: closes an older open connection, because a new one must wait while too many are open. `source`: source whose connections
 * exceed their limit; null if all connections together exceed theirs.
 */
export function createAdmission(
  limits: AdmissionLimits,
  makeRoom: (source: string | null) => void = () => undefined,
): Admission {
  const sources = new Map<string, Source>();
  /** Connections whose TLS handshake is in progress. */
  const inHandshake = new Map<Socket, { readonly source: Source; readonly ends: string }>();
  const byEnds = new Map<string, Socket>();
  let open = 0;
  let handshakes = 0;

  const isFull = () => handshakes >= limits.handshakes || open >= limits.open;
  const hasRoom = (source: Source) =>
    !isFull() && source.handshakes < limits.handshakesOfOne && source.open < limits.openOfOne;
  const forget = (source: Source) => {
    if (source.open === 0 && source.waiting.size === 0) sources.delete(source.address);
  };
  const lines = createWaitingLines(limits, forget);

  function begin(socket: Socket, source: Source, start: () => void): void {
    const ends = endsOf(socket);
    open += 1;
    handshakes += 1;
    source.open += 1;
    source.handshakes += 1;
    inHandshake.set(socket, { source, ends });
    byEnds.set(ends, socket);
    socket.on('close', source.onClose);
    start();
  }

  function endHandshake(socket: Socket): void {
    const current = inHandshake.get(socket);
    if (!current) return;
    inHandshake.delete(socket);
    if (byEnds.get(current.ends) === socket) byEnds.delete(current.ends);
    handshakes -= 1;
    current.source.handshakes -= 1;
    beginWaiting();
  }

  function newSource(address: string): Source {
    const source: Source = {
      address,
      open: 0,
      handshakes: 0,
      waiting: new Map(),
      onClose() {
        open -= 1;
        source.open -= 1;
        endHandshake(this);
        forget(source);
        beginWaiting();
      },
    };
    return source;
  }

  const beginWaiting = () => lines.serve({ isFull, hasRoom, begin });

  return {
    admit(socket, remoteAddress, start) {
      const address = sourceOf(remoteAddress ?? '');
      const source = sources.get(address) ?? newSource(address);
      sources.set(address, source);
      if (source.waiting.size === 0 && hasRoom(source)) begin(socket, source, start);
      else {
        lines.add(socket, source, start);
        if (source.open >= limits.openOfOne) makeRoom(address);
        else if (open >= limits.open) makeRoom(null);
      }
    },
    secured(socket) {
      const secured = byEnds.get(endsOf(socket));
      if (secured) endHandshake(secured);
    },
    counts: () => ({ handshakes, ...lines.counts() }),
  };
}

function createWaitingLines(limits: AdmissionLimits, forget: (source: Source) => void) {
  const rotation = new Set<Source>();
  let waiting = 0;
  let refused = 0;

  return {
    counts: () => ({ waiting, refused }),
    add(socket: Socket, source: Source, start: () => void): void {
      if (waiting >= limits.waiting) {
        refused += 1;
        socket.destroy();
        forget(source);
        return;
      }
      waiting += 1;
      const leave = () => {
        clearTimeout(deadline);
        if (!source.waiting.delete(socket)) return;
        waiting -= 1;
        forget(source);
      };
      const deadline = setTimeout(() => {
        if (!source.waiting.has(socket)) return;
        refused += 1;
        leave();
        socket.destroy();
      }, limits.longestWait).unref();
      socket.once('close', leave);
      source.waiting.set(socket, () => {
        clearTimeout(deadline);
        start();
      });
      rotation.add(source);
    },

    serve(listener: {
      isFull(): boolean;
      hasRoom(source: Source): boolean;
      begin(socket: Socket, source: Source, start: () => void): void;
    }): void {
      for (const source of rotation) {
        if (listener.isFull()) return;
        const [first] = source.waiting;
        if (!first) {
          rotation.delete(source);
          continue;
        }
        if (!listener.hasRoom(source)) continue;
        const [socket, start] = first;
        source.waiting.delete(socket);
        waiting -= 1;
        rotation.delete(source);
        if (source.waiting.size > 0) rotation.add(source);
        listener.begin(socket, source, start);
      }
    },
  };
}

/**
 * Source of a connection, to which the limits for one address apply. For IPv6 the source is the /64 network, because one customer has a
 * whole /64 (RFC 6177). `address` must be in canonical form.
 */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return groups.slice(0, 4).join(':');
}
