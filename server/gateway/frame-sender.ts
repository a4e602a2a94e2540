/**
 * Sends frames to one device. Large frames are sent in fragments, small frames share a TLS record, and the bytes that the device has not
 * read are limited.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { MAX_UNREAD, type ServerFrame } from '../../shared/protocol/frames.ts';

/**
 * Maximum size in bytes of a frame that is sent whole. A larger frame is sent in fragments, each after the device has read the previous
 * fragment. Otherwise TLS would keep an encrypted copy of the whole frame in memory.
 */
const FRAGMENT = 64 * 1024;

/**
 * Maximum length of a text that this class frames itself (RFC 6455, section 5.2) and writes as one buffer. The library ws writes the header
 * and the text as two chunks, which costs a sixth of the CPU time of a short frame. Copying a long text would cost more than a chunk.
 */
const SHORT = 2_048;
/** First byte of an unfragmented text frame. */
const WHOLE_TEXT = 0x81;
/** Value of the second byte if the next two bytes state the length. */
const LENGTH_FOLLOWS = 126;

/** WebSocket frame with a text of at most `SHORT` characters, without a mask, because only clients mask their frames. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = length < LENGTH_FOLLOWS ? 2 : 4;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = WHOLE_TEXT;
  if (start === 2) frame[1] = length;
  else {
    frame[1] = LENGTH_FOLLOWS;
    frame.writeUInt16BE(length, 2);
  }
  frame.write(text, start);
  return frame;
}

export class FrameSender {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #tooSlow: () => void;
  /** Frames that wait until the last fragment of a large frame is sent; null if no large frame is in progress. */
  #queue: (string | Buffer)[] | null = null;
  #queuedBytes = 0;
  #corked = false;

  constructor({ socket, stream }: { readonly socket: WebSocket; readonly stream: Duplex }, tooSlow: () => void) {
    this.#socket = socket;
    this.#stream = stream;
    this.#tooSlow = tooSlow;
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: ServerFrame): void {
    this.sendEncoded(JSON.stringify(frame));
  }

  sendEncoded(frame: string | Buffer): void {
    if (!this.open) return;
    if (this.#queue) {
      this.#queue.push(frame);
      this.#queuedBytes += frame.length;
    } else this.#transmit(frame);
    if (this.#socket.bufferedAmount + this.#queuedBytes > MAX_UNREAD) this.#tooSlow();
  }

  /** Calls `send`, and combines all frames that `send` writes into one TLS record, because each record costs a system call. */
  sendTogether(send: () => void): void {
    this.#stream.cork();
    try {
      send();
    } finally {
      this.#stream.uncork();
    }
  }

  /** Sends all frames from one turn of the event loop together, because one database commit can complete dozens of responses. */
  sendBatched(frame: ServerFrame): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#stream.uncork();
      });
    }
    this.send(frame);
  }

  discardQueue(): void {
    this.#queue = null;
    this.#queuedBytes = 0;
  }

  #transmit(frame: string | Buffer): void {
    if (typeof frame === 'string' && frame.length <= SHORT) {
      // No frame of the library is in progress: the server does not compress, and all frames wait in the queue during a large frame.
      this.#stream.write(textFrame(frame));
      return;
    }
    if (frame.length <= FRAGMENT) {
      this.#socket.send(frame, { binary: false });
      return;
    }
    const bytes = typeof frame === 'string' ? Buffer.from(frame) : frame;
    this.#queue = [];
    let at = 0;
    const next = () => {
      if (!this.open) return;
      const fragment = bytes.subarray(at, at + FRAGMENT);
      at += FRAGMENT;
      const fin = at >= bytes.length;
      this.#socket.send(fragment, { binary: false, fin }, fin ? () => undefined : next);
      if (fin) this.#sendQueue();
    };
    next();
  }

  #sendQueue(): void {
    const queue = this.#queue ?? [];
    this.#queue = null;
    for (const [index, frame] of queue.entries()) {
      this.#queuedBytes -= frame.length;
      this.#transmit(frame);
      if (!this.#queue) continue;
      (this.#queue as (string | Buffer)[]).push(...queue.slice(index + 1));
      return;
    }
  }
}
