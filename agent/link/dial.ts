import { connect, type Socket } from 'node:net';

/** Opens the TCP connection for TLS. A simulated fleet can replace this function to connect through a proxy. */
export type DialPort = (target: { host: string; port: number }) => Promise<Socket>;

const CONNECT_WITHIN = 15_000;

export const dialDirect: DialPort = ({ host, port }) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(CONNECT_WITHIN, () =>
      fail(new Error(`no connection to ${host}:${port} in ${CONNECT_WITHIN} ms`)),
    );
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
