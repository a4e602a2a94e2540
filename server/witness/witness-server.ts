/** HTTP server of a witness. Requests need no authentication, so each has a size limit and a deadline. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { ADD_CHECKPOINT, LARGEST_REQUEST, TREE_SIZE_TYPE } from '../../shared/ledger/witness-protocol.ts';
import { createServer as createHttpServer } from '../../shared/node-http.ts';
import type { Witness } from './witness.ts';
import type { WitnessStore } from './witness-store.ts';

const DEADLINE = 10_000;
const MOST_CONNECTIONS = 256;
/**
 * Maximum number of checkpoints that the witness examines at once. It refuses further ones, and the log tries again later. A request with an
 * incomplete body does not count: otherwise, a few slow senders would block every log.
 */
const MOST_AT_ONCE = 32;
const PLAIN = 'text/plain; charset=utf-8';

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = (status: number, body: string): Reply => ({ status, type: PLAIN, body: `${body}\n` });

export function createWitnessServer(
  {
    witness,
    store,
    log,
  }: {
    readonly witness: Witness;
    readonly store: Pick<WitnessStore, 'cosigned'>;
    readonly log: (text: string) => void;
  },
  tls: { readonly key: string; readonly cert: string } | null,
): Server {
  let inProgress = 0;

  async function add(request: IncomingMessage): Promise<Reply> {
    const body = await readBody(request);
    if (body === null) return plain(400, `The request has more than ${LARGEST_REQUEST} bytes.`);
    if (inProgress >= MOST_AT_ONCE) return plain(503, 'The witness has too many requests. Try again later.');
    inProgress++;
    const decision = await witness.addCheckpoint(body).finally(() => inProgress--);
    if (decision.status === 200) return { status: 200, type: PLAIN, body: decision.body };
    if (decision.status === 409) return { status: 409, type: TREE_SIZE_TYPE, body: `${decision.size}\n` };
    return plain(decision.status, decision.detail);
  }

  /** Newest cosigned checkpoint of a log, for monitors (C2SP tlog-witness, "Monitor Retrieval Mechanism"). */
  function newestOf(originHash: string): Reply {
    const found = store.cosigned().find(({ origin }) => hashOf(origin) === originHash);
    return found
      ? { status: 200, type: PLAIN, body: found.note }
      : plain(404, 'This witness has not cosigned this log. Check the hash of the origin.');
  }

  async function respond(request: IncomingMessage): Promise<Reply> {
    const [path = ''] = (request.url ?? '').split('?');
    const [, originHash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? [];
    if (originHash !== undefined) {
      return request.method === 'GET' ? newestOf(originHash) : plain(405, 'Use GET for this path.');
    }
    if (path !== `/${ADD_CHECKPOINT}`) return plain(404, 'This is a witness of transparency logs (C2SP tlog-witness).');
    if (request.method !== 'POST') return plain(405, 'Use POST for this path.');
    return await add(request);
  }

  const listener: RequestListener = async (request, response) => {
    try {
      send(response, await respond(request));
    } catch (error) {
      log(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
      send(response, plain(500, 'The witness cannot store the checkpoint. It cosigned nothing.'));
    }
  };
  const server =
    tls === null ? createHttpServer(listener) : createHttpsServer({ ...tls, minVersion: 'TLSv1.2' }, listener);
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = DEADLINE;
  server.requestTimeout = DEADLINE;
  server.keepAliveTimeout = DEADLINE;
  // Ends a connection whose peer does not read the response.
  server.setTimeout(2 * DEADLINE);
  return server;
}

export const hashOf = (origin: string): string => createHash('sha256').update(origin).digest('hex');

/** Body of a request; null if it is too large. The rest of a large body is not read. */
function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= LARGEST_REQUEST) return void chunks.push(chunk);
    request.pause();
    resolve(null);
  });
  request.on('end', () => resolve(Buffer.concat(chunks)));
  request.on('error', reject);
  return promise;
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const close = response.req.complete ? {} : { Connection: 'close' };
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...close });
  response.end(body);
}
