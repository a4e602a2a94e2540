/**
 * Binds the three ports before the server's first write, and refuses connections until the listeners use the ports. A second server on the
 * same machine thus fails before it changes the first server's data.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { CordonError } from '../../shared/errors.ts';
import type { Config } from '../config.ts';

export interface ReservedPort {
  readonly port: number;
  /** Bound socket for `server.listen(handle)`. The listener then owns the socket. */
  readonly handle: Server;
}

export interface ReservedPorts {
  readonly device: ReservedPort;
  readonly public: ReservedPort;
  readonly admin: ReservedPort;
  release(): void;
}

export async function reservePorts(
  config: Pick<Config, 'bind' | 'devicePort' | 'publicPort' | 'admin'>,
): Promise<ReservedPorts> {
  const reserved: Server[] = [];
  const release = () => {
    for (const server of reserved) server.close();
  };
  const reserve = async (variable: string, bind: string, port: number): Promise<ReservedPort> => {
    const handle = createServer((socket) => socket.destroy());
    try {
      handle.listen(port, bind);
      await once(handle, 'listening');
    } catch (error) {
      throw new CordonError('unavailable', describe(error, variable, bind, port), { variable, bind, port }, error);
    }
    reserved.push(handle);
    const address = handle.address();
    return { handle, port: address !== null && typeof address === 'object' ? address.port : port };
  };
  try {
    return {
      public: await reserve('CORDON_PUBLIC_PORT', config.bind, config.publicPort),
      device: await reserve('CORDON_DEVICE_PORT', config.bind, config.devicePort),
      admin: await reserve('CORDON_ADMIN_PORT', config.admin.bind, config.admin.port),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

function describe(error: unknown, variable: string, bind: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const failure = `The server cannot listen on port ${port} of ${bind} (${variable})`;
  const addressVariable = variable === 'CORDON_ADMIN_PORT' ? 'CORDON_ADMIN_BIND' : 'CORDON_BIND';
  switch (code) {
    case 'EADDRINUSE':
      return `${failure}: another process uses this port. Nothing was changed. Stop that process, or set ${variable} to another port.`;
    case 'EACCES':
      return `${failure}: this user may not use the port. Nothing was changed. Set ${variable} to a port above 1023, or grant the right.`;
    case 'EADDRNOTAVAIL':
      return `${failure}: this machine does not have that address. Nothing was changed. Set ${addressVariable} to an address of this machine.`;
    default:
      return `${failure}: ${code}. Nothing was changed.`;
  }
}
