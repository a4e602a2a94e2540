/** One WebSocket connection to the device listener (protocol: `shared/protocol/frames.ts`). */
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
import { parseRetryAfter } from './backoff.ts';
import { isAboutCertificate, untrustedServer } from './connection-failure.ts';
import { hostOf } from './http.ts';
import { readRefusal } from './refusal.ts';
import type { RefusedCertificate, SecureDial } from './tls.ts';

export type Ending =
  | {
      readonly next: 'retry';
      readonly detail: string;
      readonly retryAfter: number | null;
      /** True if the agent closed the connection because it could not process a frame. */
      readonly unfit?: true;
    }
  | { readonly next: 'refused'; readonly detail: string; readonly retryAfter: number | null }
  | { readonly next: 'rejected' | 'unrestored' | 'expired'; readonly detail: string };

export interface DialPorts {
  readonly url: () => URL;
  readonly secureDial: () => SecureDial;
  /** Reads the validity dates of a server certificate that `secureDial` did not accept. Never rejects. */
  readonly refusedCertificate: (target: { host: string; port: number }) => Promise<RefusedCertificate | null>;
}

export interface ConnectionPorts {
  readonly hello: () => Extract<DeviceFrame, { kind: 'hello' }>;
  /** Called with each frame, in the order of arrival. An exception closes the connection. */
  readonly onFrame: (frame: ServerFrame) => void;
  /** Called for an HTTP 451 response, whose body may contain a newer order list. Must not throw. */
  readonly onRefusal: (body: string) => void;
  readonly idleTimeout?: number;
}

export interface Connection {
  send(frame: DeviceFrame): boolean;
  close(reason: string): void;
  /**
   * Closes the connection because an order suspends the service `management`, which needs the connection. As after a refusal by the server,
   * the agent then fetches new order lists over HTTPS, and connects again only at long intervals.
   */
  suspend(why: string): void;
  terminate(): void;
}

/** Milliseconds without data after which the connection counts as lost. In this time, two pings of the server should have arrived. */
const IDLE_TIMEOUT = PING_EVERY * 2.5;
const REPLACED_RETRY = 5 * 60_000;

type SecureSocket = Awaited<ReturnType<SecureDial>>;

export async function dialServer(ports: DialPorts): Promise<SecureSocket | Ending> {
  const url = ports.url();
  const target = { host: hostOf(url), port: Number(url.port || 443) };
  try {
    return await ports.secureDial()(target);
  } catch (error) {
    const failure = { code: codeOf(error), message: words(error) };
    const certificate = isAboutCertificate(failure) ? await ports.refusedCertificate(target) : null;
    const detail =
      untrustedServer(failure, { host: target.host, certificate, now: Date.now() }) ??
      `No connection to ${url.host}: ${failure.message}. Check the network and the server. The agent tries again.`;
    return { next: 'retry', detail, retryAfter: null };
  }
}

export function openConnection(
  host: string,
  secure: SecureSocket,
  ports: ConnectionPorts & { readonly onKept: (ending: Ending) => void },
): Connection {
  // `secure` already has TLS, so the package `ws` must use plain HTTP on it.
  const ws = new WebSocket(`ws://${host}${LINK_PATH}?list=${ports.hello().list}`, SUBPROTOCOL, {
    createConnection: () => secure,
    maxPayload: MAX_FRAME_FROM_SERVER,
    perMessageDeflate: false,
    handshakeTimeout: 20_000,
  });
  let isOver = false;
  let lost = 'The connection was closed. The agent tries again.';
  let own: Ending | null = null;
  let silenceTimer: NodeJS.Timeout | undefined;
  const finish = (ending: Ending) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(silenceTimer);
    ports.onKept(ending);
  };
  const restartTimer = () => {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => {
      lost = 'The server sends no data. The agent connects again.';
      ws.terminate();
    }, ports.idleTimeout ?? IDLE_TIMEOUT);
    silenceTimer.unref();
  };
  ws.on('unexpected-response', (_request, response) => void refusal(response, ports.onRefusal).then(finish));
  ws.on('open', () => {
    restartTimer();
    ws.send(JSON.stringify(ports.hello()));
  });
  ws.on('ping', restartTimer);
  ws.on('message', (data, binary) => {
    restartTimer();
    try {
      ports.onFrame(parseFrame(data, binary));
    } catch (error) {
      const detail = `The agent could not process a frame of the server: ${words(error)}`;
      own ??= { next: 'retry', detail, retryAfter: null, unfit: true };
      ws.close(CLOSE.malformed, 'frame_malformed');
    }
  });
  ws.on('error', (error) => {
    lost = words(error);
    // If the server refuses the WebSocket upgrade, the handler of `unexpected-response` first reads the response's body and then ends the
    // connection.
    if (ws.readyState === WebSocket.CONNECTING || ws.readyState === WebSocket.CLOSED) {
      finish({ next: 'retry', detail: lost, retryAfter: null });
    }
  });
  ws.on('close', (code, reason) => finish(own ?? closing(code, reason.toString(), lost)));

  return {
    send(frame) {
      if (ws.readyState !== WebSocket.OPEN) return false;
      ws.send(JSON.stringify(frame));
      return true;
    },
    close: (reason) => close(ws, reason),
    suspend(why) {
      own = { next: 'refused', detail: why, retryAfter: null };
      close(ws, 'management_denied');
    },
    terminate: () => ws.terminate(),
  };
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

function close(ws: WebSocket, reason: string): void {
  ws.close(1000, reason);
  // An unreachable server does not respond to a close frame, so the device ends the connection after a time limit.
  setTimeout(() => ws.terminate(), 500).unref();
}

function parseFrame(data: RawData, binary: boolean): ServerFrame {
  if (binary) throw new Error('the server sent a binary frame, which cordon.v1 does not allow');
  const parsed = serverFrameSchema.safeParse(JSON.parse(data.toString()));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.') || 'frame'}: ${issue?.message ?? 'malformed'}`, { cause: parsed.error });
}

function closing(code: number, reason: string, lost: string): Ending {
  switch (code) {
    case CLOSE.revoked:
      return { next: 'rejected', detail: 'The server ended the connection: it says that the certificate is revoked.' };
    case CLOSE.denied:
      return { next: 'refused', detail: 'An order suspends management of this device.', retryAfter: null };
    case CLOSE.takenOver:
      return {
        next: 'retry',
        detail:
          'Another connection with this device’s identity replaced this one. Another machine may run a copy of the agent.',
        retryAfter: REPLACED_RETRY,
      };
    default:
      return {
        next: 'retry',
        detail:
          code === 1006
            ? lost
            : `The server closed the connection (${code}${reason ? `, ${reason}` : ''}). The agent tries again.`,
        retryAfter: null,
      };
  }
}

async function refusal(response: IncomingMessage, onRefusal: (body: string) => void): Promise<Ending> {
  const body = await bodyOf(response);
  const retryAfter = parseRetryAfter(response.headers['retry-after'], Date.now());
  const { code, detail } = readRefusal(body);
  if (response.statusCode === 451) {
    onRefusal(body);
    return { next: 'refused', detail: detail ?? 'An order suspends management of this device.', retryAfter };
  }
  if (code === 'certificate_expired')
    return { next: 'expired', detail: detail ?? 'The certificate of this device has expired.' };
  if (code === 'certificate_not_restored') {
    return {
      next: 'unrestored',
      detail: detail ?? 'The backup of the restored server lacks this device’s certificate.',
    };
  }
  if (code === 'certificate_revoked' || code === 'certificate_superseded' || code === 'certificate_unknown') {
    return { next: 'rejected', detail: `The server does not accept this device’s certificate (${code}).` };
  }
  return {
    next: 'retry',
    detail:
      detail ?? `The server refused the connection with HTTP status ${response.statusCode}. The agent tries again.`,
    retryAfter,
  };
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
    // If the response's body is incomplete, the device uses only the status code.
    return words(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const words = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
