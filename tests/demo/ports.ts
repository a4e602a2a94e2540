/** Check of the demo's three ports before the start. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Ports } from '../support/loopback-config.ts';

/** Advice in one line for the person who started the demo. */
export class DemoRefusal extends Error {}

const HOST = '127.0.0.1';

/** Checks the port `first` and the next two; 0: any free ports. Throws `DemoRefusal` if a port is in use. */
export async function portsFrom(first: number): Promise<Ports> {
  const at = (offset: number) => (first === 0 ? 0 : first + offset);
  const listeners = [];
  try {
    const found: number[] = [];
    for (const port of [at(0), at(1), at(2)]) {
      const listener = createServer();
      listeners.push(listener);
      listener.listen(port, HOST);
      await once(listener, 'listening');
      const address = listener.address();
      found.push(address !== null && typeof address === 'object' ? address.port : port);
    }
    const [device = 0, open = 0, admin = 0] = found;
    return { device, public: open, admin };
  } catch (error) {
    throw refusalOf(error) ?? error;
  } finally {
    await Promise.all(
      listeners.filter(({ listening }) => listening).map((one) => new Promise((closed) => one.close(closed))),
    );
  }
}

/** Message for a port's error code; null for any other error. */
export function refusalOf(error: unknown): DemoRefusal | null {
  if (!(error instanceof Error && 'code' in error)) return null;
  const port = /:(\d+)\b/.exec(error.message)?.[1];
  if (port === undefined) return null;
  if (error.code === 'EADDRINUSE') {
    return new DemoRefusal(
      `Port ${port} is in use, perhaps by another demo. End that demo, or choose other ports with --port 9443.`,
    );
  }
  if (error.code === 'EACCES')
    return new DemoRefusal(`You have no permission to use port ${port}. Choose other ports with --port 9443.`);
  return null;
}

/** Whether this machine allows sockets with other loopback addresses than 127.0.0.1. macOS does not. */
export async function canComeFrom(address: string): Promise<boolean> {
  const probe = createServer();
  probe.listen(0, address);
  try {
    await once(probe, 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') return false;
    throw error;
  } finally {
    probe.close();
  }
}
