/**
 * A minimal WebSocket client, so that the client's own cost does not distort the measurement. It uses `node:tls`, and the parts of RFC 6455
 * for the upgrade, unfragmented text and received frames. It verifies nothing.
 */
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { SUBPROTOCOL } from '../../shared/protocol/frames.ts';

const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 };

export interface LinkOptions {
  readonly port: number;
  readonly path: string;
  /** TLS options with the device's certificate and key. */
  readonly context: SecureContext;
  /** TLS session from `onSession`, for a resumption. */
  readonly session?: Buffer | undefined;
  readonly onSession?: (session: Buffer) => void;
}

export class RawLink {
  onText: (text: string) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly #socket: TLSSocket;
  #pending: Buffer | null = null;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => this.onClose());
  }

  /** Resolves when the server responds with status 101. */
  static open({ port, path, context, session, onSession }: LinkOptions): Promise<RawLink> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        secureContext: context,
        rejectUnauthorized: false,
        ...(session && { session }),
      });
      socket.setNoDelay(true);
      if (onSession) socket.on('session', onSession);
      socket.on('error', (error) => {
        reject(error);
        socket.destroy();
      });
      socket.once('close', () => reject(new Error('closed before the upgrade')));
      socket.once('secureConnect', () => {
        if (session && !socket.isSessionReused()) reject(new Error('the session was not resumed'));
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n` +
            `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
        );
      });
      let head = Buffer.alloc(0);
      const upgraded = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', upgraded);
        const status = head.toString('latin1', 9, 12);
        if (status !== '101') {
          reject(new Error(`the upgrade was answered with ${head.toString('latin1')}`));
          socket.destroy();
          return;
        }
        const link = new RawLink(socket);
        resolve(link);
        const rest = head.subarray(end + 4);
        // Starts to read frames, after the caller has set `onText`.
        if (rest.length > 0) setImmediate(() => link.#read(rest));
      };
      socket.on('data', upgraded);
    });
  }

  send(text: string): void {
    this.#frame(OPCODE.text, Buffer.from(text));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }

  /** A client must mask its frames (RFC 6455). The mask of zeros changes no byte. */
  #frame(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const head = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
    head[0] = 0x80 | opcode;
    if (length < 126) head[1] = 0x80 | length;
    else if (length < 65_536) {
      head[1] = 0x80 | 126;
      head.writeUInt16BE(length, 2);
    } else {
      head[1] = 0x80 | 127;
      head.writeBigUInt64BE(BigInt(length), 2);
    }
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #read(chunk: Buffer): void {
    let bytes = this.#pending ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = null;
    while (bytes.length >= 2) {
      const short = (bytes[1] ?? 0) & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < start) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < start + length) break;
      this.#received((bytes[0] ?? 0) & 0x0f, bytes.subarray(start, start + length));
      bytes = bytes.subarray(start + length);
    }
    if (bytes.length > 0) this.#pending = bytes;
  }

  #received(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.text) this.onText(payload.toString());
    else if (opcode === OPCODE.ping) this.#frame(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) this.#socket.destroy();
  }
}
