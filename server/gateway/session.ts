/**
 * Connection of one device. It parses the device's frames, limits their rate and handles them one after another; `dispatch.ts` contains the
 * handlers. A session uses little memory, because every idle device has one.
 */
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import { CordonError } from '../../shared/errors.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import { CLOSE, type DeviceFrame, deviceFrameSchema } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { Acknowledgments } from './acknowledgments.ts';
import { DocumentsSent } from './documents-sent.ts';
import { FrameSender } from './frame-sender.ts';
import { MailboxWindow } from './mailbox-window.ts';

/**
 * Frame allowance of a device (token bucket). `BURST`: maximum allowance, enough for an outbox after weeks offline. `PER_SECOND`: frames by
 * which the allowance grows per second.
 */
const BURST = 5_000;
const PER_SECOND = 100;
/** Number of waiting frames at which the session stops reading from the socket. */
const MOST_WAITING = 64;

export interface SessionHandlers {
  /** Handles one frame. The session handles frames one after another, in the sequence of arrival. */
  frame(session: DeviceSession, frame: DeviceFrame): Promise<void>;
  idle(session: DeviceSession): Promise<void>;
  /** Called once, after the socket has closed for any reason. */
  closed(session: DeviceSession): void;
  failed(session: DeviceSession, error: unknown): void;
}

type Capabilities = Partial<
  Pick<Extract<DeviceFrame, { kind: 'hello' }>, 'logs' | 'scripts' | 'software' | 'power' | 'files'>
>;

/** Field of the `hello` frame with which an agent says that it knows a kind of command. Every agent knows the other kinds. */
const NEEDED_CAPABILITIES: Readonly<Partial<Record<CommandKind, keyof Capabilities>>> = {
  'collect-logs': 'logs',
  'push-file': 'files',
  'fetch-file': 'files',
  'run-script': 'scripts',
  'change-software': 'software',
  'roll-back-software': 'software',
  'install-package': 'software',
  'update-os': 'software',
  'restart-device': 'power',
  'shut-down-device': 'power',
};

export class DeviceSession {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  readonly openedAt = Date.now();
  readonly acknowledgments = new Acknowledgments();
  readonly documents = new DocumentsSent();
  readonly mail = new MailboxWindow();
  readonly frames: FrameSender;

  readonly #socket: WebSocket;
  readonly #handlers: SessionHandlers;
  #epoch = 0;
  #welcomed = false;
  #takesMail = false;
  #takesInventorySections = false;
  #knowsJobs = false;
  #answersQueries = false;
  #capabilities: Capabilities = {};
  #alive = true;
  #areas: readonly string[];
  #use: number;
  #waiting: RawData[] = [];
  #busy = false;
  #tokens = BURST;
  #refilled = Date.now();

  constructor(
    identity: { readonly device: DeviceId; readonly generation: number },
    connection: { readonly address: string | null; readonly areas: readonly string[]; readonly use: number },
    { socket, stream }: { readonly socket: WebSocket; readonly stream: Duplex },
    handlers: SessionHandlers,
  ) {
    this.device = identity.device;
    this.generation = identity.generation;
    this.address = connection.address;
    this.#areas = connection.areas;
    this.#use = connection.use;
    this.#socket = socket;
    this.frames = new FrameSender({ socket, stream }, () => this.end(CLOSE.slow, 'slow_reader'));
    this.#handlers = handlers;
    socket.on('message', (data, binary) => this.#received(data, binary));
    socket.on('pong', () => {
      this.#alive = true;
      this.#spend();
    });
    socket.on('ping', () => this.#spend());
    // Do not end the connection now, because the close reason could be lost. The library ws has sent it and waits for the peer's close
    // frame.
    socket.on('error', () => this.#cutOffSoon());
    socket.on('close', () => handlers.closed(this));
  }

  get open(): boolean {
    return this.frames.open;
  }

  /** Number of this session among all sessions of the device; the highest number is current. 0 before the device's hello frame. */
  get epoch(): number {
    return this.#epoch;
  }

  enter(epoch: number): void {
    this.#epoch = epoch;
  }

  /** True if the agent can receive mail, so that the server tells it about new mail. */
  get takesMail(): boolean {
    return this.#takesMail;
  }

  takeMail(): void {
    this.#takesMail = true;
  }

  /** True if the agent reports its inventory, so that the server tells it which sections are switched off. */
  get takesInventorySections(): boolean {
    return this.#takesInventorySections;
  }

  takeInventorySections(): void {
    this.#takesInventorySections = true;
  }

  /** True if the agent knows windows and priorities of commands, and their cancellation on the device. */
  get knowsJobs(): boolean {
    return this.#knowsJobs;
  }

  acceptJobs(): void {
    this.#knowsJobs = true;
  }

  acceptCommands(capabilities: Capabilities): void {
    this.#capabilities = capabilities;
  }

  /** True if the agent knows this kind of command. An agent that is too old would refuse the frame. */
  knowsCommand(kind: CommandKind): boolean {
    const needed = NEEDED_CAPABILITIES[kind];
    return needed === undefined || this.#capabilities[needed] === true;
  }

  /** True if the agent answers live queries. */
  get answersQueries(): boolean {
    return this.#answersQueries;
  }

  acceptQueries(): void {
    this.#answersQueries = true;
  }

  get welcomed(): boolean {
    return this.#welcomed;
  }

  welcome(): void {
    this.#welcomed = true;
  }

  get areas(): readonly string[] {
    return this.#areas;
  }

  get use(): number {
    return this.#use;
  }

  locate(use: number, areas: readonly string[]): void {
    this.#use = use;
    this.#areas = areas;
  }

  /** Sends a ping. Closes the socket and returns false if the device did not respond to the previous ping. */
  ping(): boolean {
    if (!this.#alive) {
      this.#socket.terminate();
      return false;
    }
    this.#alive = false;
    this.#socket.ping();
    return true;
  }

  /** Sends the close reason and closes the socket. If the peer does not respond within a second, the server ends the connection. */
  end(code: number, reason: string): void {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#waiting = [];
    this.frames.discardQueue();
    this.#socket.close(code, reason);
    this.#cutOffSoon();
  }

  #cutOffSoon(): void {
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  charge(frames: number): void {
    this.#spend(frames);
  }

  /** Subtracts frames from the device's frame allowance. Closes the socket if the allowance is exhausted. */
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
          if (!this.open) break;
          await this.#handlers.frame(this, parseFrame(data));
        }
        if (this.#waiting.length > 0 && this.acknowledgments.onlyDocuments) continue;
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
  throw new CordonError(
    'frame_malformed',
    `A frame does not follow cordon.v1: ${issue?.path.join('.')} ${issue?.message}.`,
  );
}
