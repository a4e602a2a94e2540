/**
 * Start of TLS on a new connection, after the first bytes of the client have arrived. TLS keeps its first read buffer as long as the
 * connection. The buffer has 64 KiB if TLS itself reads from the network, and 1 KiB if TLS receives bytes that the socket has already read.
 */
import { Socket } from 'node:net';

/** Maximum number of bytes that TLS receives at once. A full buffer of 1,024 bytes would make TLS add a buffer of 16 KiB. */
const PIECE = 1_000;

/** Replacement for `read` of a socket. Node passes each result of this function to TLS. */
function readPiece(this: Socket, size = Math.min(this.readableLength, PIECE)): Buffer | null {
  return Socket.prototype.read.call(this, size);
}

export interface TlsStart {
  readonly start: () => void;
  /** Called instead of `start`, with the code that Node's TLS reports in the same case. The socket is then destroyed. */
  readonly failed: (code: 'ECONNRESET' | 'ERR_TLS_HANDSHAKE_TIMEOUT') => void;
}

/**
 * Calls `start` when the socket has received bytes. Destroys the socket if the client disconnects before, or sends nothing `within`
 * milliseconds.
 */
export function startAfterFirstBytes(socket: Socket, within: number, { start, failed }: TlsStart): void {
  socket.read = readPiece;
  if (socket.readableLength > 0) {
    start();
    return;
  }
  const end = (code: 'ECONNRESET' | 'ERR_TLS_HANDSHAKE_TIMEOUT' | null) => {
    clearTimeout(deadline);
    socket.off('readable', readable);
    socket.off('close', closed);
    if (code === null) start();
    else {
      failed(code);
      socket.destroy();
    }
  };
  // A socket without bytes also becomes readable when the client closes the connection.
  const readable = () => end(socket.readableLength > 0 ? null : 'ECONNRESET');
  const closed = () => end('ECONNRESET');
  const deadline = setTimeout(end, within, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  socket.on('readable', readable);
  socket.on('close', closed);
}
