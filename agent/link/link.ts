/**
 * The link: one WebSocket to the device listener, made again for as long as the agent runs (`shared/protocol/frames.ts` is the
 * specification). It knows sockets, waiting and refusals; what a frame means is for its handlers. All of its time is real time.
 */
import type { IncomingMessage } from 'node:http';
import { type RawData, WebSocket } from 'ws';
import {
  CLOSE,
  type DeviceFrame,
  LINK_PATH,
  MAX_FRAME_FROM_SERVER,
  PING_EVERY,
  type ServerFrame,
  SUBPROTOCOL,
  serverFrameSchema,
} from '../../shared/protocol/frames.ts';
import { backoff, parseRetryAfter } from './backoff.ts';
import { untrustedServer } from './connection-failure.ts';
import { hostOf } from './http.ts';
import { readRefusal } from './refusal.ts';
import type { SecureDial } from './tls.ts';

export const LINK_STATES = [
  'stopped',
  'connecting',
  'connected',
  /** Lost or never made; waiting for the next attempt. */
  'waiting',
  /** `management` is denied by an order: the device polls the list and knocks. */
  'refused',
  /** The server does not accept the certificate, and no signed document confirms that. The link tries again. */
  'rejected',
  /** The signed revocation list names the certificate. The link does not try again. */
  'revoked',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

export interface LinkPorts {
  readonly url: () => URL;
  readonly secureDial: () => SecureDial;
  readonly hello: () => Extract<DeviceFrame, { kind: 'hello' }>;
  /** Why this device's own verdict forbids a connection, in words; null when it allows one. */
  readonly denied: () => string | null;
  /** A frame of a live connection, in order. Throwing closes the connection. */
  readonly onFrame: (frame: ServerFrame) => void;
  /** The connection is over. Never throws. */
  readonly onDown: () => void;
  /** HTTP 451: its body may carry the newer list. Never throws. */
  readonly onRefusal: (body: string) => void;
  /** While refused, before each knock: poll the list and post receipts. Never rejects. */
  readonly beforeKnock: () => Promise<void>;
  /**
   * The server does not accept the certificate. True only if a signed statement says that the certificate is revoked: a server with the
   * wrong database refuses every device, and a device that took its word would be lost. Never rejects.
   */
  readonly confirmRevoked: () => Promise<boolean>;
  /** The server no longer takes the certificate because it has expired. Never rejects. */
  readonly onExpired: () => Promise<void>;
  readonly onState: (state: LinkState, detail: string | null) => void;
  /** Without a sign of the server for so long, the connection is dead whatever TCP says. Milliseconds. */
  readonly silentFor?: number;
}

export interface Link {
  readonly state: LinkState;
  /** Why it is not up, in words; null while it is. */
  readonly detail: string | null;
  start(): void;
  stop(): void;
  /** False when there is no connection. */
  send(frame: DeviceFrame): boolean;
  /** Tries at once when it is waiting or refused. Resolves when the attempt has ended, one way or the other. */
  attempt(): Promise<void>;
  network(available: boolean): void;
  /** Ends a connection that the device's own verdict no longer allows; it is refused from then on. */
  leave(why: string): void;
}

/** Pings come every 30 s; when two in a row are missing, the connection is dead whatever TCP says. */
const SILENT_FOR = PING_EVERY * 2.5;
/** Unless the server names another time. */
const KNOCK_EVERY = 15 * 60_000;
const AFTER_TAKE_OVER = 5 * 60_000;

type Ending =
  | { readonly next: 'retry'; readonly detail: string; readonly retryAfter: number | null }
  | { readonly next: 'refused'; readonly detail: string; readonly retryAfter: number | null }
  | { readonly next: 'rejected' | 'expired'; readonly detail: string };

export function createLink(ports: LinkPorts): Link {
  let state: LinkState = 'stopped';
  let detail: string | null = null;
  let socket: WebSocket | null = null;
  let timer: NodeJS.Timeout | undefined;
  let attempting: Promise<void> | null = null;
  let failures = 0;
  let available = true;
  let left: string | null = null;

  const isStopped = () => state === 'stopped';

  const become = (next: LinkState, why: string | null) => {
    if (state === next && detail === why) return;
    state = next;
    detail = why;
    ports.onState(next, why);
  };

  const wait = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void attempt(), ms);
    timer.unref();
  };

  const ended = async (ending: Ending) => {
    socket = null;
    if (state === 'stopped') return;
    ports.onDown();
    if (ending.next === 'rejected') return rejected(ending.detail);
    if (ending.next === 'expired') await ports.onExpired();
    if (ending.next === 'refused') {
      failures = 0;
      become('refused', ending.detail);
      return wait(backoff(0, Math.random(), ending.retryAfter ?? KNOCK_EVERY));
    }
    become('waiting', ending.detail);
    if (available) wait(backoff(failures++, Math.random(), 'retryAfter' in ending ? ending.retryAfter : null));
  };

  const rejected = async (why: string) => {
    const confirmed = await ports.confirmRevoked();
    if (isStopped()) return;
    if (confirmed) {
      return become(
        'revoked',
        `${why} The signed revocation list confirms it. Enrol the device again with a new link.`,
      );
    }
    become('rejected', `${why} No signed revocation list confirms it, so the agent tries again.`);
    if (available) wait(backoff(failures++, Math.random()));
  };

  const attempt = (): Promise<void> => {
    clearTimeout(timer);
    const idle = state === 'waiting' || state === 'refused' || state === 'rejected';
    if (!available || !idle) return attempting ?? Promise.resolve();
    attempting ??= knock().finally(() => {
      attempting = null;
    });
    return attempting;
  };

  const knock = async (): Promise<void> => {
    // What would open the way again does not come over the link.
    if (state === 'refused' || state === 'rejected' || ports.denied() !== null) await ports.beforeKnock();
    if (isStopped() || !available) return;
    const denied = ports.denied();
    if (denied !== null) return ended({ next: 'refused', detail: denied, retryAfter: null });
    return open();
  };

  /** Resolves when the connection is up or the attempt has failed. */
  const open = async (): Promise<void> => {
    left = null;
    // Both states last until the server lets the device in: a knock is not a connection.
    if (state !== 'refused' && state !== 'rejected') become('connecting', 'connecting');
    const url = ports.url();
    let secure: Awaited<ReturnType<SecureDial>>;
    try {
      secure = await ports.secureDial()({ host: hostOf(url), port: Number(url.port || 443) });
    } catch (error) {
      const failure = { code: codeOf(error), message: words(error) };
      const detail =
        untrustedServer(failure, hostOf(url), Date.now()) ??
        `No connection to ${url.host}: ${failure.message}. Check the network, and that the server runs. The agent tries again.`;
      return ended({ next: 'retry', detail, retryAfter: null });
    }
    if (!available || isStopped()) {
      secure.destroy();
      return ended({ next: 'retry', detail: 'there is no network', retryAfter: null });
    }
    const { list } = ports.hello();
    // The connection has TLS already, so `ws` sees plain HTTP on it.
    const ws = new WebSocket(`ws://${url.host}${LINK_PATH}?list=${list}`, SUBPROTOCOL, {
      createConnection: () => secure,
      maxPayload: MAX_FRAME_FROM_SERVER,
      perMessageDeflate: false,
      handshakeTimeout: 20_000,
    });
    socket = ws;
    await run(ws);
  };

  /** Wires one socket. Resolves when it is up (the first frame is `welcome`) or over. */
  const run = (ws: WebSocket): Promise<void> =>
    new Promise((resolve) => {
      let over = false;
      let lost = 'the connection was closed';
      /** Why this side has ended it. */
      let unfit: string | null = null;
      let pulse: NodeJS.Timeout | undefined;
      const finish = (ending: Ending) => {
        if (over) return;
        over = true;
        clearTimeout(pulse);
        if (socket === ws) void ended(ending).then(resolve, resolve);
        else resolve();
      };
      const beat = () => {
        clearTimeout(pulse);
        pulse = setTimeout(() => {
          lost = 'the server has fallen silent';
          ws.terminate();
        }, ports.silentFor ?? SILENT_FOR);
        pulse.unref();
      };
      ws.on('unexpected-response', (_request, response) => void refusal(response, ports.onRefusal).then(finish));
      ws.on('open', () => {
        beat();
        ws.send(JSON.stringify(ports.hello()));
      });
      ws.on('ping', beat);
      ws.on('message', (data, binary) => {
        beat();
        try {
          const frame = parseFrame(data, binary);
          if (frame.kind === 'welcome') become('connected', null);
          ports.onFrame(frame);
          if (frame.kind === 'welcome') resolve();
        } catch (error) {
          unfit = `a frame of the server’s could not be taken: ${words(error)}`;
          ws.close(CLOSE.malformed, 'frame_malformed');
        }
      });
      ws.on('error', (error) => {
        lost = words(error);
        // A refused upgrade is told by `unexpected-response`, after its body has been read.
        if (ws.readyState === WebSocket.CONNECTING || ws.readyState === WebSocket.CLOSED) {
          finish({ next: 'retry', detail: lost, retryAfter: null });
        }
      });
      ws.on('close', (code, reason) => {
        // What could not be taken comes again on the next connection: each waits longer than the one before.
        if (state === 'connected' && unfit === null) failures = 0;
        if (left !== null) finish({ next: 'refused', detail: left, retryAfter: null });
        else if (unfit !== null) finish({ next: 'retry', detail: unfit, retryAfter: null });
        else finish(closing(code, reason.toString(), lost));
      });
    });

  return {
    get state() {
      return state;
    },
    get detail() {
      return detail;
    },
    start() {
      if (state !== 'stopped') return;
      become('waiting', 'starting');
      void attempt();
    },
    stop() {
      clearTimeout(timer);
      const ws = socket;
      socket = null;
      become('stopped', 'stopped');
      if (ws) close(ws, 'stopped');
    },
    send(frame) {
      if (state !== 'connected' || socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
    attempt,
    leave(why) {
      if (state !== 'connected' || !socket) return;
      left = why;
      close(socket, 'management_denied');
    },
    network(now) {
      if (available === now) return;
      available = now;
      if (now) {
        failures = 0;
        void attempt();
      } else {
        clearTimeout(timer);
        socket?.terminate();
      }
    },
  };
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

function close(ws: WebSocket, reason: string): void {
  ws.close(1000, reason);
  // A peer that is gone answers no close frame.
  setTimeout(() => ws.terminate(), 500).unref();
}

function parseFrame(data: RawData, binary: boolean): ServerFrame {
  if (binary) throw new Error('binary frames have no place in cordon.v1');
  const parsed = serverFrameSchema.safeParse(JSON.parse(data.toString()));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'malformed'}`, { cause: parsed.error });
}

/** What a close code means for what comes next. */
function closing(code: number, reason: string, lost: string): Ending {
  switch (code) {
    case CLOSE.revoked:
      return { next: 'rejected', detail: 'The server ended the connection: it says that the certificate is revoked.' };
    // The reason is a code; which order it is, the gate says.
    case CLOSE.denied:
      return { next: 'refused', detail: 'management is denied by an order', retryAfter: null };
    case CLOSE.takenOver:
      return {
        next: 'retry',
        detail: 'another connection with this device’s identity took over',
        retryAfter: AFTER_TAKE_OVER,
      };
    default:
      return {
        next: 'retry',
        detail: code === 1006 ? lost : `closed by the server (${code}${reason ? `, ${reason}` : ''})`,
        retryAfter: null,
      };
  }
}

/** An upgrade that was answered with something else than 101. */
async function refusal(response: IncomingMessage, onRefusal: (body: string) => void): Promise<Ending> {
  const body = await bodyOf(response);
  const retryAfter = parseRetryAfter(response.headers['retry-after'], Date.now());
  const { code, detail } = readRefusal(body);
  if (response.statusCode === 451) {
    onRefusal(body);
    return { next: 'refused', detail: detail ?? 'management is denied by an order', retryAfter };
  }
  if (code === 'certificate_expired') return { next: 'expired', detail: detail ?? 'the certificate has expired' };
  if (code === 'certificate_revoked' || code === 'certificate_superseded' || code === 'certificate_unknown') {
    return { next: 'rejected', detail: `The server does not accept this device’s certificate (${code}).` };
  }
  return { next: 'retry', detail: detail ?? `the server answered ${response.statusCode}`, retryAfter };
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_FRAME_FROM_SERVER) break;
      chunks.push(bytes);
    }
  } catch (error) {
    // Cut off: the status line is what counts, and what has come is no document.
    return words(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const words = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
