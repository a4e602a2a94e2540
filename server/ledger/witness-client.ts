/** HTTP client of the witness protocol, with a deadline and a bound for each response. */
import { createHash } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import {
  ADD_CHECKPOINT,
  LARGEST_RESPONSE,
  parseTreeSize,
  TREE_SIZE_TYPE,
} from '../../shared/ledger/witness-protocol.ts';
import { request as httpRequest } from '../../shared/node-http.ts';
import type { CheckpointResponse, WitnessResponse } from './judge-witness-response.ts';

const DEADLINE = 10_000;

/** Sends a request to a witness. `prefix`: URL of the witness. Rejects if there is no complete response within the deadline. */
export async function postCheckpoint(prefix: string, submission: string): Promise<WitnessResponse> {
  const { status, type, body } = await send(prefix, ADD_CHECKPOINT, 'POST', submission);
  return { status, body, size: status === 409 && type === TREE_SIZE_TYPE ? parseTreeSize(body) : null };
}

/** Requests the newest checkpoint that the witness has cosigned. Status 404: the witness publishes none. */
export async function cosignedCheckpoint(prefix: string, origin: string): Promise<CheckpointResponse> {
  const hash = createHash('sha256').update(origin).digest('hex');
  const { status, body } = await send(prefix, `${hash}/checkpoint`, 'GET');
  return { status, body };
}

function send(prefix: string, path: string, method: 'GET' | 'POST', text = '') {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; type: string; body: string }>();
  const url = new URL(path, prefix.endsWith('/') ? prefix : `${prefix}/`);
  const options = {
    method,
    signal: AbortSignal.timeout(DEADLINE),
    headers: { 'Content-Length': Buffer.byteLength(text) },
  };
  const request = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, options, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_RESPONSE) request.destroy(new Error(`the response has more than ${LARGEST_RESPONSE} bytes`));
      else chunks.push(chunk);
    });
    response.on('error', reject);
    response.on('end', () => {
      const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
      resolve({ status: response.statusCode ?? 0, type, body: Buffer.concat(chunks).toString('utf8') });
    });
  });
  request.on('error', reject);
  request.end(text);
  return promise;
}
