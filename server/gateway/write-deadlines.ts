/**
 * Destroys the connection of a peer that does not read. Node's own time limits do not: `requestTimeout` and `headersTimeout` end with the request, and
 * `setTimeout` on a socket starts again with each byte that the peer sends. The deadline here depends on what the peer has taken.
 */
import type { Server, Socket } from 'node:net';

export interface WriteDeadlines {
  /** Milliseconds that a peer may take nothing. */
  readonly patience: number;
  /** Bytes a second that a peer must take at least, of a write that is larger. 4 KiB/s is slower than GPRS. */
  readonly rate: number;
  /** How often to look. */
  readonly every: number;
}

export const WRITE_DEADLINES: WriteDeadlines = { patience: 30_000, rate: 4 * 1024, every: 5_000 };

interface Waiting {
  /** Bytes of writes that are complete. */
  taken: number;
  since: number;
}

/** `event`: `secureConnection` of a TLS server, or `connection` of a plain one. */
export function enforceWriteDeadlines(
  server: Server,
  event: 'secureConnection' | 'connection',
  { patience, rate, every }: WriteDeadlines = WRITE_DEADLINES,
): void {
  const open = new Map<Socket, Waiting | null>();
  function gone(this: Socket): void {
    open.delete(this);
  }
  server.on(event, (socket: Socket) => {
    open.set(socket, null);
    socket.once('close', gone);
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, before] of open) {
      const pending = socket.writableLength;
      if (pending === 0) {
        if (before) open.set(socket, null);
        continue;
      }
      const taken = socket.bytesWritten - pending;
      if (before?.taken !== taken) open.set(socket, { taken, since: now });
      else if (now - before.since > patience + (pending / rate) * 1000) socket.destroy();
    }
  }, every).unref();
  server.once('close', () => clearInterval(timer));
}
