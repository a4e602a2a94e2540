/**
 * Admission of connections to a listener. It limits concurrent handshakes in total and per address, and open connections per address.
 * Further connections wait, and the listener serves waiting addresses in rotation. Ten thousand reconnecting devices all connect in the
 * end, and one address cannot block the others.
 */
import type { Socket } from 'node:net';

export interface AdmissionLimits {
  /** Maximum handshakes in progress. */
  readonly handshakes: number;
  readonly handshakesOfOne: number;
  /** Maximum open connections of one address, including those in a handshake. */
  readonly openOfOne: number;
  readonly open: number;
  /** Maximum number of waiting connections, and the longest wait of a connection in milliseconds. */
  readonly waiting: number;
  readonly patience: number;
}

/** Connection limits of the device listener. Each device has a certificate, and a whole office may share one address. */
export const DEVICE_LIMITS: AdmissionLimits = {
  ...{ handshakes: 1_024, handshakesOfOne: 512 },
  ...{ openOfOne: Number.POSITIVE_INFINITY, open: Number.POSITIVE_INFINITY },
  ...{ waiting: 16_384, patience: 60_000 },
};
/** Connection limits of the public listener. Its clients are anonymous and connect only briefly. */
export const PUBLIC_LIMITS: AdmissionLimits = {
  ...{ handshakes: 512, handshakesOfOne: 128, openOfOne: 256, open: 4_096 },
  ...{ waiting: 8_192, patience: 30_000 },
};

export interface Admission {
  /** Calls `start` to begin the handshake, now or later. Destroys the connection if the waiting list is full. */
  admit(socket: Socket, address: string | null, start: () => void): void;
  secured(socket: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>): void;
  counts(): { readonly handshakes: number; readonly waiting: number; readonly refused: number };
}

interface OfAddress {
  open: number;
  handshakes: number;
  readonly queue: Map<Socket, () => void>;
}

/** Key of a connection: its two end points. A TLS socket has the same end points as the TCP socket under it. */
export const endsOf = ({
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
}: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

export function createAdmission(limits: AdmissionLimits): Admission {
  const addresses = new Map<string, OfAddress>();
  /** Addresses with waiting connections, in the order in which the listener serves these addresses. */
  const turns = new Set<string>();
  /** Functions that end a handshake, by the connection's two end points. */
  const underWay = new Map<string, () => void>();
  let open = 0;
  let handshakes = 0;
  let waiting = 0;
  let refused = 0;

  const hasRoom = (of: OfAddress) =>
    handshakes < limits.handshakes &&
    open < limits.open &&
    of.handshakes < limits.handshakesOfOne &&
    of.open < limits.openOfOne;

  function forget(address: string, of: OfAddress): void {
    if (of.open === 0 && of.queue.size === 0) addresses.delete(address);
  }

  function begin(socket: Socket, address: string, of: OfAddress, start: () => void): void {
    const ends = endsOf(socket);
    open += 1;
    handshakes += 1;
    of.open += 1;
    of.handshakes += 1;
    let shaking = true;
    const shaken = () => {
      if (!shaking) return;
      shaking = false;
      handshakes -= 1;
      of.handshakes -= 1;
      underWay.delete(ends);
      next();
    };
    underWay.set(ends, shaken);
    socket.once('close', () => {
      open -= 1;
      of.open -= 1;
      shaken();
      forget(address, of);
      next();
    });
    start();
  }

  /** Starts waiting handshakes within the limits, one per address in rotation. */
  function next(): void {
    for (const address of turns) {
      if (handshakes >= limits.handshakes || open >= limits.open) return;
      const of = addresses.get(address);
      const [first] = of?.queue ?? [];
      if (!of || !first) {
        turns.delete(address);
        continue;
      }
      if (!hasRoom(of)) continue;
      const [socket, start] = first;
      of.queue.delete(socket);
      waiting -= 1;
      turns.delete(address);
      if (of.queue.size > 0) turns.add(address);
      begin(socket, address, of, start);
    }
  }

  function wait(socket: Socket, address: string, of: OfAddress, start: () => void): void {
    if (waiting >= limits.waiting) {
      refused += 1;
      socket.destroy();
      forget(address, of);
      return;
    }
    waiting += 1;
    const leave = () => {
      clearTimeout(deadline);
      if (!of.queue.delete(socket)) return;
      waiting -= 1;
      forget(address, of);
    };
    const deadline = setTimeout(() => {
      if (!of.queue.has(socket)) return;
      refused += 1;
      leave();
      socket.destroy();
    }, limits.patience).unref();
    socket.once('close', leave);
    of.queue.set(socket, () => {
      clearTimeout(deadline);
      start();
    });
    turns.add(address);
  }

  return {
    admit(socket, given, start) {
      const address = groupOf(given ?? '');
      const of = addresses.get(address) ?? { open: 0, handshakes: 0, queue: new Map() };
      addresses.set(address, of);
      if (of.queue.size === 0 && hasRoom(of)) begin(socket, address, of, start);
      else wait(socket, address, of, start);
    },
    secured: (socket) => underWay.get(endsOf(socket))?.(),
    counts: () => ({ handshakes, waiting, refused }),
  };
}

/**
 * Source of a connection, for the limits per address. An IPv6 customer has a /64 (RFC 6177), so a /64 counts as one source. `address`: in
 * canonical form.
 */
function groupOf(address: string): string {
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
