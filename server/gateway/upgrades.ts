/** WebSocket upgrades in progress. Their number is limited, and the server accepts none while it stops. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import type { Connections } from './connections.ts';
import type { Log } from './ports.ts';
import { refusalOf, refuseUpgrade } from './refusals.ts';
import type { TlsListener } from './tls-listener.ts';

/** Maximum number of WebSocket upgrades in progress. The server refuses upgrades of further devices with a random `Retry-After`. */
export const MOST_UPGRADES = 2_048;
const RETRY_AFTER = { least: 2, spread: 20 };

interface Ports {
  readonly listener: TlsListener;
  readonly connecting: Pick<Connections, 'upgrade'>;
  readonly most: number;
  readonly operatorUrl: string | null;
  readonly monitor: Pick<Monitor, 'connectionRefused'>;
  readonly log: Pick<Log, 'error'>;
}

/**
 * Accepts WebSocket upgrades of devices at the listener. Returns a function for the shutdown, after which the server refuses all further
 * upgrades.
 */
export function acceptUpgrades({ listener, connecting, most, operatorUrl, monitor, log }: Ports): () => void {
  let stopped = false;
  let upgrades = 0;

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (stopped) throw new CordonError('unavailable', 'The server is shutting down.', { retryAfter: 2 });
    if (upgrades >= most) {
      const retryAfter = Math.round(RETRY_AFTER.least + Math.random() * RETRY_AFTER.spread);
      throw new CordonError('unavailable', 'Too many devices connect at this moment. Try again later.', { retryAfter });
    }
    upgrades += 1;
    try {
      await connecting.upgrade(request, socket, head);
    } finally {
      upgrades -= 1;
    }
  }

  // All sockets share this function. A function created for each socket would keep the request in memory until the connection ends.
  function onError(this: Duplex): void {
    this.destroy();
  }

  listener.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', onError);
    upgrade(request, socket, head).catch((error: unknown) => {
      if (!isCordonError(error)) log.error({ error: String(error) }, 'an upgrade failed');
      const code = isCordonError(error) ? error.code : 'internal';
      monitor.connectionRefused({ device: null, address: listener.addressOf(request), code });
      refuseUpgrade(socket, refusalOf(error, operatorUrl));
    });
  });
  return () => {
    stopped = true;
  };
}
