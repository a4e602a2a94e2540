/**
 * The command line's way to the running daemon: a Unix socket in the agent's folder, made 0600 (never for an instant more), one JSON
 * request and one JSON answer a connection. Who may open it is who owns it.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { CordonError, ERROR_CODES, isCordonError } from '../../shared/errors.ts';
import { personId } from '../../shared/order/documents.ts';

export const controlRequestSchema = z.discriminatedUnion('op', [
  /** `shown`: it is about to be displayed to a person. */
  z.strictObject({ op: z.literal('status'), shown: z.boolean() }),
  z.strictObject({ op: z.literal('notices'), shown: z.boolean() }),
  /** Opens the page when it is not open yet; the answer is `OpenAnswer`. */
  z.strictObject({ op: z.literal('open') }),
  z.strictObject({ op: z.literal('people'), text: z.string().max(200) }),
  z.strictObject({ op: z.literal('conversations') }),
  z.strictObject({ op: z.literal('inbox'), all: z.boolean(), limit: z.int().min(1).max(1000) }),
  z.strictObject({ op: z.literal('messages'), conversation: z.string().max(64), limit: z.int().min(1).max(1000) }),
  z.strictObject({ op: z.literal('unseen'), conversation: z.string().max(64), limit: z.int().min(1).max(1000) }),
  z.strictObject({ op: z.literal('start'), people: z.array(personId).max(200), title: z.string().max(120).nullable() }),
  z.strictObject({
    op: z.literal('write'),
    conversation: z.string().max(64),
    text: z.string().max(16_000),
    /** Absolute paths, which the daemon reads: it is the same user's. */
    files: z.array(z.string().max(4096)).max(16),
  }),
  /** Answered once the server has said what becomes of the message, or after a moment without that. */
  z.strictObject({ op: z.literal('sent'), message: z.uuid() }),
  z.strictObject({
    op: z.literal('read'),
    conversation: z.string().max(64),
    /** Which were shown. */
    messages: z.array(z.uuid()).max(1000),
  }),
  z.strictObject({ op: z.literal('attachment'), message: z.uuid(), index: z.int().min(0).max(64) }),
  /** Answered with the number of the newest change, once there is one after `since`, or after a while without any. */
  z.strictObject({ op: z.literal('changed'), since: z.int().min(0) }),
]);
/** A link that opens the page once, within a minute. */
export interface OpenAnswer {
  readonly link: string;
}

export type ControlRequest = z.infer<typeof controlRequestSchema>;

const answerSchema = z.union([
  z.strictObject({ ok: z.unknown() }),
  z.strictObject({ error: z.enum(ERROR_CODES), detail: z.string() }),
]);

const LONGEST_REQUEST = 256 * 1024;
/** What `sockaddr_un` holds on every system (macOS: 104 with the final zero). */
const LONGEST_PATH = 103;

export interface Control {
  close(): Promise<void>;
}

export async function serveControl(
  path: string,
  answer: (request: ControlRequest) => Promise<unknown>,
): Promise<Control> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    void readLine(socket, LONGEST_REQUEST)
      .then((line) => answer(controlRequestSchema.parse(JSON.parse(line))))
      .then(
        (ok) => ({ ok: ok ?? null }),
        (error: unknown) => ({
          error: isCordonError(error) ? error.code : 'internal',
          detail: error instanceof Error ? error.message : String(error),
        }),
      )
      .then((result) => socket.end(`${JSON.stringify(result)}\n`));
  });
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new CordonError(
      'invalid_input',
      `${path} is too long a name for a socket: choose a --home of less than ${LONGEST_PATH - 'agent.sock'.length} bytes.`,
    );
  }
  // A socket that a killed daemon left behind: whoever calls this holds the lock of the home.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is bound before `listen` returns.
    const before = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(before);
  });
  return {
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Null when no daemon runs. */
export async function askControl(path: string, request: ControlRequest): Promise<{ readonly ok: unknown } | null> {
  const socket = await reach(path);
  if (!socket) return null;
  const line = readLine(socket, Number.POSITIVE_INFINITY);
  socket.write(`${JSON.stringify(request)}\n`);
  const answer = answerSchema.parse(JSON.parse(await line));
  socket.destroy();
  if ('error' in answer) throw new CordonError(answer.error, answer.detail);
  return answer;
}

function reach(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : null;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') resolve(null);
      else if (code !== 'EACCES') reject(error);
      else reject(new CordonError('forbidden', `The agent at ${path} belongs to another user: ask as that user.`));
    });
  });
}

function readLine(socket: Socket, longest: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > longest) reject(new CordonError('too_large', 'the request is too long'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new CordonError('unavailable', 'the daemon hung up')));
  });
}
