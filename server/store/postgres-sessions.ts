/**
 * PostgreSQL sessions of this server. The server can reset their connections, so that no buffered write arrives after another server has
 * taken over the database. The sessions have a common name, by which the next server finds and ends the sessions of an earlier server.
 */
import { Socket } from 'node:net';

/** Second key of the advisory lock: the schema. Two schemas of one database are two stores. */
export const SCHEMA_KEY = 'current_schema()::regnamespace::oid::int4';
export const SESSION_NAME = `'cordon-store ' || ${SCHEMA_KEY}`;
export const NAME_SESSION = `select set_config('application_name', ${SESSION_NAME}, false)`;

/**
 * Open connections to PostgreSQL. After a plain close, the kernel still delivers buffered data, so a COMMIT could arrive minutes later,
 * when another server already uses the database. `reset` discards the buffered data.
 */
export interface Connections {
  /** Creates a socket for a new connection, for pg's option `stream`. */
  open(): Socket;
  reset(): void;
}

export function trackConnections(): Connections {
  const open = new Set<Socket>();
  return {
    open() {
      const socket = new Socket();
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    reset() {
      for (const socket of open) {
        // A Unix-domain socket has no address and cannot be reset. A plain close is enough, because no network can delay its data.
        if (socket.remoteAddress === undefined) socket.destroy();
        else socket.resetAndDestroy();
      }
    },
  };
}
