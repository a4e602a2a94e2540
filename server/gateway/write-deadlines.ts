/**
 * Destroys the connection of a peer that does not read. Node's own deadlines do not cover this case: `requestTimeout` and `headersTimeout`
 * end with the request, and each sent byte restarts a socket's `setTimeout`.
 */
import type { Server, Socket } from 'node:net';

export interface WriteDeadlines {
  /** Milliseconds without progress after which a connection ends. */
  readonly idleTimeout: number;
  /**
   * Rate in bytes per second at which a peer must at least read. The time limit grows with the waiting bytes, because progress is visible
   * only when a whole write has finished. 4 KiB/s is slower than GPRS.
   */
  readonly rate: number;
  readonly every: number;
}

export const WRITE_DEADLINES: WriteDeadlines = { idleTimeout: 30_000, rate: 4 * 1024, every: 5_000 };

interface Waiting {
  bytesRead: number;
  since: number;
}

export function enforceWriteDeadlines(
  server: Server,
  event: 'secureConnection' | 'connection',
  { idleTimeout, rate, every }: WriteDeadlines = WRITE_DEADLINES,
): void {
  const open = new Map<Socket, Waiting | null>();
  function onClose(this: Socket): void {
    open.delete(this);
  }
  server.on(event, (socket: Socket) => {
    open.set(socket, null);
    socket.on('close', onClose);
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, before] of open) {
      const pending = socket.writableLength;
      if (pending === 0) {
        if (before) open.set(socket, null);
        continue;
      }
      const read = socket.bytesWritten - pending;
      if (before?.bytesRead !== read) open.set(socket, { bytesRead: read, since: now });
      else if (now - before.since > idleTimeout + (pending / rate) * 1000) socket.destroy();
    }
  }, every).unref();
  server.once('close', () => clearInterval(timer));
}
