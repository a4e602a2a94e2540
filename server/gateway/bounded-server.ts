/**
 * Limits of the admin listener: a maximum number of open connections in total and for each address, and a deadline for peers that do not
 * read.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';
import { sendInSlices } from './sliced-responses.ts';
import { enforceWriteDeadlines, type WriteDeadlines } from './write-deadlines.ts';

const MOST_OPEN = 1_024;
const MOST_OPEN_OF_ONE = 128;

/** Applies the limits to a server. `isShared`: true for an address that many clients share, such as the address of a proxy. */
export function boundServer(
  server: Server,
  {
    tls,
    isShared,
    deadlines,
  }: { readonly tls: boolean; readonly isShared: (address: string) => boolean; readonly deadlines?: WriteDeadlines },
): void {
  const open = new Map<string, number>();
  server.maxConnections = MOST_OPEN;
  server.prependListener('connection', (socket: Socket) => {
    const address = canonicalAddress(socket.remoteAddress ?? '') ?? '';
    if (isShared(address)) return;
    const own = (open.get(address) ?? 0) + 1;
    if (own > MOST_OPEN_OF_ONE) {
      socket.destroy();
      return;
    }
    open.set(address, own);
    socket.once('close', () => {
      const remaining = (open.get(address) ?? 1) - 1;
      if (remaining > 0) open.set(address, remaining);
      else open.delete(address);
    });
  });
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => sendInSlices(response));
  enforceWriteDeadlines(server, tls ? 'secureConnection' : 'connection', deadlines);
}

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
