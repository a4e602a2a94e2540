/**
 * One device's socket: bounds, order of work and what has been sent to it. It parses and counts; what a frame means is
 * `dispatch.ts`. A class, and small, since there is one for every idle device.
 */
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import { CordonError } from '../../shared/errors.ts';
import {
  CLOSE,
  type DeviceFrame,
  deviceFrameSchema,
  MAX_UNREAD,
  type ServerFrame,
} from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

/** Frames a device may send at once (an outbox after weeks offline), and how many a second it earns back. */
const BURST = 5_000;
const PER_SECOND = 100;
/** A larger frame leaves in fragments, each only when the device has taken those before it: TLS would hold an encrypted copy of all of it. */
const FRAGMENT = 64 * 1024;
/** Frames that wait for their turn before the socket is read no further. */
const MOST_WAITING = 64;

export interface SessionHandlers {
  /** One frame at a time, in order. */
  frame(session: DeviceSession, frame: DeviceFrame): Promise<void>;
  /** Everything that had come is dealt with; more may follow. */
  idle(session: DeviceSession): Promise<void>;
  /** Once, whatever ended it. */
  closed(session: DeviceSession): void;
  failed(session: DeviceSession, error: unknown): void;
}

/** What of its mailbox is under way to a device. */
export interface MailWindow {
  open: boolean;
  /** Everything up to here has been sent since the device asked. */
  sent: number;
  /** The same since the session began. */
  highest: number;
  /** Nothing in the mailbox lies between what was sent and this; null: that is not known. */
  tail: number | null;
  /** Sent and not taken, in order. */
  readonly underWay: { readonly seq: number; readonly bytes: number }[];
  bytes: number;
  /** The store is being asked, and whether it must be asked again. */
  reading: boolean;
  again: boolean;
}

export class DeviceSession {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** What the address says of where it is, and by which use of which IP database. */
  areas: readonly string[];
  use: number;
  /** Fences: 0 until the device has said hello. */
  epoch = 0;
  /** It has been told all that it is told first. */
  welcomed = false;
  /** Answered the last ping. */
  alive = true;
  readonly openedAt = Date.now();
  /** The newest versions sent to, or had by, the device. */
  list = 0;
  record = 0;
  root = 0;
  /** What it says that it has stored. */
  storedList = 0;
  /** The device knows the frame `time-correction`. */
  timeCorrections = false;
  /** Versions from the device's hello, for a restored server. */
  knew: { readonly list: number; readonly root: number } | null = null;
  /** The highest report that is durable, and the highest that the device was told of. */
  reports = 0;
  confirmed = 0;
  /** Receipts stored since this session began. */
  receipts = 0;
  /** `management` is denied: it is closed once the list is stored and receipted. */
  leaving = false;
  /** Commands on their way; null for none. */
  sent: Set<string> | null = null;
  /** Null until it asks for its mailbox. */
  mail: MailWindow | null = null;
  /** What the device says that it has stored and the store has not been told yet. */
  had: { readonly list: number; readonly record: number; readonly root: number } | null = null;

  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #handlers: SessionHandlers;
  #waiting: RawData[] = [];
  #behind: Promise<void>[] | null = null;
  /** Frames behind one that leaves in fragments; null while none does. */
  #queue: (string | Buffer)[] | null = null;
  #queued = 0;
  #busy = false;
  #gathering = false;
  #tokens = BURST;
  #refilled = Date.now();

  constructor(
    identity: { readonly device: DeviceId; readonly generation: number },
    seen: { readonly address: string | null; readonly areas: readonly string[]; readonly use: number },
    { socket, stream }: { readonly socket: WebSocket; readonly stream: Duplex },
    handlers: SessionHandlers,
  ) {
    this.device = identity.device;
    this.generation = identity.generation;
    this.address = seen.address;
    this.areas = seen.areas;
    this.use = seen.use;
    this.#socket = socket;
    this.#stream = stream;
    this.#handlers = handlers;
    socket.on('message', (data, binary) => this.#received(data, binary));
    socket.on('pong', () => {
      this.alive = true;
      this.#spend();
    });
    socket.on('ping', () => this.#spend());
    // ws has said why and waits for the answer: cut off at once, the peer would never read it.
    socket.on('error', () => this.#cutOffSoon());
    socket.on('close', () => handlers.closed(this));
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: ServerFrame): void {
    this.sendEncoded(JSON.stringify(frame));
  }

  /** For fan-outs: a frame that was encoded once. */
  sendEncoded(frame: string | Buffer): void {
    if (!this.open) return;
    if (this.#queue) {
      this.#queue.push(frame);
      this.#queued += frame.length;
    } else this.#transmit(frame);
    if (this.#socket.bufferedAmount + this.#queued > MAX_UNREAD) this.end(CLOSE.slow, 'slow_reader');
  }

  #transmit(frame: string | Buffer): void {
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
      if (fin) this.#goOn();
    };
    next();
  }

  /** Sends what has waited, up to the next frame that leaves in fragments. */
  #goOn(): void {
    const waiting = this.#queue ?? [];
    this.#queue = null;
    for (const [index, frame] of waiting.entries()) {
      this.#queued -= frame.length;
      this.#transmit(frame);
      if (!this.#queue) continue;
      (this.#queue as (string | Buffer)[]).push(...waiting.slice(index + 1));
      return;
    }
  }

  /** What is sent meanwhile leaves as one TLS record: each record costs a system call. */
  together(send: () => void): void {
    this.#stream.cork();
    try {
      send();
    } finally {
      this.#stream.uncork();
    }
  }

  /** For answers that come many at once, when a commit of many is done: they leave together, at the end of this turn of the loop. */
  sendThisTurn(frame: ServerFrame): void {
    if (!this.#gathering) {
      this.#gathering = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#gathering = false;
        this.#stream.uncork();
      });
    }
    this.send(frame);
  }

  /** Goes on while the next frames are dealt with. Nothing that depends on it is acknowledged before `settled`. */
  behind(work: Promise<void>): void {
    // `settled` throws it; after a frame that ended the session nobody asks any more.
    work.catch(() => undefined);
    this.#behind ??= [];
    this.#behind.push(work);
  }

  /** Resolves when all that was put `behind` is done, or throws why it is not. */
  async settled(): Promise<void> {
    const behind = this.#behind;
    this.#behind = null;
    if (behind) await Promise.all(behind);
  }

  ping(): void {
    this.alive = false;
    this.#socket.ping();
  }

  /** Says why and closes; a peer that does not answer is cut off soon after. */
  end(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#waiting = [];
    this.#queue = null;
    this.#queued = 0;
    this.#socket.close(code, reason);
    this.#cutOffSoon();
  }

  #cutOffSoon(): void {
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** For a frame that makes more work than others: as if so many more had come. */
  charge(frames: number): void {
    this.#spend(frames);
  }

  /** Takes frames off the allowance; closes the socket when there are none left. */
  #spend(frames = 1): boolean {
    if (!this.open) return false;
    const now = Date.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#refilled) / 1000) * PER_SECOND) - frames;
    this.#refilled = now;
    if (this.#tokens >= 0) return true;
    this.end(CLOSE.flood, 'rate_limited');
    return false;
  }

  #received(data: RawData, binary: boolean): void {
    if (!this.#spend()) return;
    if (binary) {
      this.end(CLOSE.malformed, 'frame_malformed');
      return;
    }
    this.#waiting.push(data);
    if (this.#waiting.length >= MOST_WAITING) this.#socket.pause();
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        if (this.#socket.isPaused) this.#socket.resume();
        for (const data of batch) {
          if (!this.open) return await this.settled();
          await this.#handlers.frame(this, parseFrame(data));
        }
        await this.#handlers.idle(this);
      }
    } catch (error) {
      this.#handlers.failed(this, error);
    } finally {
      this.#busy = false;
    }
  }
}

function parseFrame(data: RawData): DeviceFrame {
  let json: unknown;
  try {
    json = JSON.parse(data.toString());
  } catch (cause) {
    throw new CordonError('frame_malformed', 'A frame is not JSON.', {}, cause);
  }
  const parsed = deviceFrameSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CordonError('frame_malformed', `A frame is not of cordon.v1: ${issue?.path.join('.')} ${issue?.message}.`);
}
