/**
 * Requests from the command line to the running daemon, over a Unix socket in the agent's folder. Each connection carries one JSON request
 * and one JSON response. The socket has mode 0600, so only its owner can open it. Each request also contains the token in a file beside the
 * socket: a script of the organization may run as the same user, and can connect to the socket, but cannot read files of this folder.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { CordonError, ERROR_CODES, isCordonError } from '../../shared/errors.ts';
import { personId } from '../../shared/order/documents.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { MAIL_FOLDERS } from '../mail/mail.ts';

const passcodeText = z.string().min(1).max(1024);
const passcodeAction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('show') }),
  z.strictObject({ kind: z.literal('lock') }),
  z.strictObject({ kind: z.literal('set'), passcode: passcodeText }),
  z.strictObject({ kind: z.literal('enter'), passcode: passcodeText }),
  z.strictObject({ kind: z.literal('remove'), passcode: passcodeText }),
  z.strictObject({ kind: z.literal('change'), current: passcodeText, next: passcodeText }),
]);
export type PasscodeAction = z.infer<typeof passcodeAction>;
const workspaceName = z.string().min(1).max(1024);

export const controlRequestSchema = z.discriminatedUnion('op', [
  /**
   * Requests for the agent's status, notices, admin messages and collected sections. `shown`: true if the command-line program displays the response to the
   * user, so that the agent records the notices or messages as displayed.
   */
  z.strictObject({ op: z.literal('status'), shown: z.boolean() }),
  z.strictObject({ op: z.literal('notices'), shown: z.boolean() }),
  z.strictObject({ op: z.literal('admin-messages'), shown: z.boolean() }),
  z.strictObject({ op: z.literal('privacy'), shown: z.boolean() }),
  /** Requests the update of the operating system that waits for the user; starts or delays it. Response: `UpdateOffer`, or null. */
  z.strictObject({ op: z.literal('update'), change: z.enum(['now', 'delay']).nullable() }),
  /** Requests the restart or shutdown whose countdown runs; starts or delays it. Response: `PowerNotice`, or null. */
  z.strictObject({ op: z.literal('power'), change: z.enum(['now', 'delay']).nullable() }),
  /** Requests lost mode; ends it if `end` is true. Response: `LostMode`, or null. */
  z.strictObject({ op: z.literal('lost-mode'), end: z.boolean() }),
  /** Requests the passcode of the workspace, or an action on it. Response: `PasscodeView`. */
  z.strictObject({ op: z.literal('passcode'), act: passcodeAction }),
  /**
   * Files of the workspace. With a passcode, only the daemon can read them. `file`: absolute path of the file to store. Responses: list of
   * names and sizes, or bytes in base64.
   */
  z.strictObject({ op: z.literal('workspace-list') }),
  z.strictObject({ op: z.literal('workspace-get'), name: workspaceName }),
  z.strictObject({ op: z.literal('workspace-put'), name: workspaceName, file: z.string().max(4096) }),
  z.strictObject({ op: z.literal('workspace-remove'), name: workspaceName }),
  /** Requests a link to the device page. The daemon starts the page's HTTP listener if necessary. Response: `OpenResponse`. */
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
    /** Absolute paths of the files to send. The daemon runs as the same user and reads the files itself. */
    files: z.array(z.string().max(4096)).max(16),
  }),
  /** Requests the state of a sent message. The daemon waits a short time for the server's response to the message. */
  z.strictObject({ op: z.literal('sent'), message: z.uuid() }),
  z.strictObject({
    op: z.literal('read'),
    conversation: z.string().max(64),
    messages: z.array(z.uuid()).max(1000),
  }),
  z.strictObject({ op: z.literal('attachment'), message: z.uuid(), index: z.int().min(0).max(64) }),
  z.strictObject({ op: z.literal('mail-list'), folder: z.enum(MAIL_FOLDERS), limit: z.int().min(1).max(1000) }),
  z.strictObject({ op: z.literal('mail-read'), mail: z.uuid() }),
  z.strictObject({
    op: z.literal('mail-send'),
    to: z.string().max(20_000),
    cc: z.string().max(20_000),
    subject: z.string().max(1000),
    text: z.string().max(200_000),
    /** Absolute paths of the files to send. */
    files: z.array(z.string().max(4096)).max(100),
  }),
  /** Switches the service for other mail programs (`change` null: only returns its state). Response: `NewMailPassword` or `MailProgramsStatus`. */
  z.strictObject({
    op: z.literal('mail-programs'),
    change: z.enum(['on', 'off']).nullable(),
    port: z.int().min(0).max(65_535).nullable(),
  }),
  /** Sends a message (RFC 5322, base64) of another mail program. Response: `SmtpReply`. */
  z.strictObject({
    op: z.literal('mail-submit'),
    from: z.string().max(254).nullable(),
    to: z.array(z.string().max(254)).max(1000),
    message: z.base64(),
  }),
  /**
   * Waits for a change of the user's messages. The daemon numbers the changes, and responds with the newest number when it is higher
   * than `since`, or after 20 seconds (`CHANGE_WITHIN`).
   */
  z.strictObject({ op: z.literal('changed'), since: z.int().min(0) }),
]);
/** Link that opens the device page. The link is valid for one use within a minute. */
export interface OpenResponse {
  readonly link: string;
}

export type ControlRequest = z.infer<typeof controlRequestSchema>;
export type MailProgramsRequest = Extract<ControlRequest, { op: 'mail-programs' | 'mail-submit' }>;
export type WorkspaceRequest = Extract<
  ControlRequest,
  { op: 'workspace-list' | 'workspace-get' | 'workspace-put' | 'workspace-remove' }
>;
export type MailRequest = Extract<ControlRequest, { op: 'mail-list' | 'mail-read' | 'mail-send' }>;

const responseSchema = z.union([
  z.strictObject({ ok: z.unknown() }),
  z.strictObject({ error: z.enum(ERROR_CODES), detail: z.string() }),
]);

/** Request with the daemon's token, as the client sends it. */
const sentSchema = z.strictObject({ token: z.string().max(64), request: controlRequestSchema });
const tokenFile = (path: string): string => `${path}.token`;

/** Maximum characters of a request: the largest mail in base64 with its envelope. Only the owner of the socket can send a request. */
const LONGEST_REQUEST = Math.ceil(LARGEST_MAIL / 3) * 4 + 512 * 1024;
/** Maximum length of a socket path on every system (macOS: 104 bytes of `sockaddr_un` with the final zero). */
const LONGEST_PATH = 103;

export interface Control {
  close(): Promise<void>;
}

export async function serveControl(
  path: string,
  respond: (request: ControlRequest) => Promise<unknown>,
): Promise<Control> {
  const token = randomBytes(24).toString('hex');
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    void readLine(socket, LONGEST_REQUEST)
      .then((line) => respond(requestIn(line, token)))
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
      `The socket path ${path} is too long. Choose a --home with less than ${LONGEST_PATH - 'agent.sock'.length} bytes.`,
    );
  }
  // The caller has locked the agent's folder, so no daemon runs. An existing socket file was left by a killed daemon.
  rmSync(path, { force: true });
  rmSync(tokenFile(path), { force: true });
  // A client reads the token after it has connected, so the file must exist before the socket.
  writeFileSync(tokenFile(path), token, { mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // `listen` creates the socket file before it returns, so this umask applies to the file.
    const before = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(before);
  });
  return {
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function requestIn(line: string, token: string): ControlRequest {
  const sent = sentSchema.parse(JSON.parse(line));
  const [given, expected] = [Buffer.from(sent.token), Buffer.from(token)];
  if (given.length === expected.length && timingSafeEqual(given, expected)) return sent.request;
  throw new CordonError(
    'forbidden',
    'The request does not have the token of the daemon. Run the command as the user of the agent.',
  );
}

/** Sends a request to the daemon. Returns null when no daemon runs. */
export async function sendControlRequest(
  path: string,
  request: ControlRequest,
): Promise<{ readonly ok: unknown } | null> {
  const socket = await connectTo(path);
  if (!socket) return null;
  const line = readLine(socket, Number.POSITIVE_INFINITY);
  socket.write(`${JSON.stringify({ token: readFileSync(tokenFile(path), 'utf8'), request })}\n`);
  const response = responseSchema.parse(JSON.parse(await line));
  socket.destroy();
  if ('error' in response) throw new CordonError(response.error, response.detail);
  return response;
}

function connectTo(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : null;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') resolve(null);
      else if (code !== 'EACCES') reject(error);
      else
        reject(
          new CordonError('forbidden', `The agent at ${path} belongs to another user. Run this command as that user.`),
        );
    });
  });
}

function readLine(socket: Socket, longest: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: string[] = [];
    let length = 0;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const end = chunk.indexOf('\n');
      chunks.push(end >= 0 ? chunk.slice(0, end) : chunk);
      length += chunk.length;
      if (end >= 0) resolve(chunks.join(''));
      else if (length > longest) reject(new CordonError('too_large', 'The request to the daemon is too long.'));
    });
    socket.on('error', reject);
    socket.on('close', () =>
      reject(
        new CordonError(
          'unavailable',
          'The daemon closed the connection without a response. Try again, and read the agent’s log.',
        ),
      ),
    );
  });
}
