/**
 * Socket of the system helper: a token and one JSON line in, one JSON line out. The file mode of the socket decides who may connect, and the
 * token proves that the caller can also read files of the agent's group, which scripts cannot.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, chownSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { isCordonError } from '../../shared/errors.ts';
import {
  GREETING,
  HelperRefusal,
  type HelperRequest,
  type HelperResponse,
  helperRequestSchema,
  LONGEST_DETAIL,
  LONGEST_REQUEST,
  TOKEN_LENGTH,
  tokenFile,
} from './requests.ts';

const MOST_CONNECTIONS = 16;
/** Maximum connections that have not sent the token. Another one replaces the oldest, so that nobody without the token locks out the agent. */
const MOST_WITHOUT_TOKEN = 256;
/** Milliseconds for the token, and for the request after it. */
const TOKEN_WITHIN = 5000;
const REQUEST_WITHIN = 10_000;
/** Milliseconds after the response until the helper closes the connection, if the peer does not. */
const CLOSE_WITHIN = 5000;

export interface ServePorts {
  readonly respond: (request: HelperRequest, socket: Socket) => Promise<HelperResponse>;
  /** Token that each connection must send; null before the helper has issued one. */
  readonly token: () => string | null;
  readonly log: (text: string) => void;
}

/** Writes a new token beside the socket, for the group of the socket. Returns the token. */
export function issueToken(socket: string): string {
  const token = randomBytes(TOKEN_LENGTH / 2).toString('hex');
  const [file, next] = [tokenFile(socket), `${tokenFile(socket)}.new`];
  rmSync(next, { force: true });
  writeFileSync(next, token, { flag: 'wx', mode: 0o600 });
  chownSync(next, process.getuid?.() ?? 0, statSync(socket).gid);
  chmodSync(next, 0o640);
  renameSync(next, file);
  return token;
}

export function serveRequests({ respond, token, log }: ServePorts): Server {
  /** Connections without the token, the oldest first. */
  const strangers = new Set<Socket>();
  function addStranger(socket: Socket): void {
    const [oldest] = strangers;
    if (oldest !== undefined && strangers.size === MOST_WITHOUT_TOKEN) {
      strangers.delete(oldest);
      oldest.destroy();
    }
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
  }
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    addStranger(socket);
    socket.write(`${GREETING}\n`);
    void readLine(socket, TOKEN_LENGTH, TOKEN_WITHIN)
      .then((sent) => {
        requireToken(sent, token());
        strangers.delete(socket);
      })
      .then(() => readLine(socket, LONGEST_REQUEST, REQUEST_WITHIN))
      .then((line) => respond(helperRequestSchema.parse(JSON.parse(line)), socket))
      .catch((error: unknown): HelperResponse => {
        log(`request refused: ${String(error)}`);
        // The rest of the input is read and ignored, so that the peer gets the response and not an error of its connection.
        socket.resume();
        const code =
          error instanceof HelperRefusal ? error.code : isCordonError(error) ? 'not_permitted' : 'invalid_input';
        const detail = `The helper refused the request: ${error instanceof Error ? error.message : String(error)}`;
        return { outcome: 'failed', code, steps: [], detail: detail.slice(0, LONGEST_DETAIL) };
      })
      // The agent may have ended in the meantime. It asks again after its start.
      .then((response) => {
        socket.end(`${JSON.stringify(response)}\n`);
        const late = setTimeout(() => socket.destroy(), CLOSE_WITHIN).unref();
        socket.once('close', () => clearTimeout(late));
      });
  });
  // A new connection counts until the one that it replaces is closed.
  server.maxConnections = MOST_CONNECTIONS + MOST_WITHOUT_TOKEN + 1;
  return server;
}

function requireToken(sent: string, expected: string | null): void {
  const [given, token] = [Buffer.from(sent), Buffer.from(expected ?? '')];
  if (expected !== null && given.length === token.length && timingSafeEqual(given, token)) return;
  throw new HelperRefusal(
    'not_permitted',
    'The request does not have the token of the helper. Only the agent may use the helper.',
  );
}

/** Reads one line of at most `longest` bytes. Bytes after the line stay in the socket, which is paused. */
function readLine(socket: Socket, longest: number, within: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const deadline = setTimeout(() => end(() => reject(new Error('the request did not arrive in time'))), within);
    const closed = () => end(() => reject(new Error('the connection ended before the request')));
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const line = received.indexOf('\n');
      if (line < 0 && received.length <= longest) return;
      if (line < 0 || line > longest) return end(() => reject(new Error('the request is too long')));
      end(() => {
        socket.pause();
        socket.unshift(received.subarray(line + 1));
        resolve(received.subarray(0, line).toString('utf8'));
      });
    };
    const end = (work: () => void) => {
      clearTimeout(deadline);
      socket.off('data', read).off('close', closed);
      work();
    };
    socket.on('data', read).once('close', closed).resume();
  });
}
