/** Requests to the system helper (`agent/system-helper`), which makes changes that need root. */
import { createReadStream, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import {
  GREETING,
  type HelperRequest,
  type HelperResponse,
  helperResponseSchema,
  LONGEST_RESPONSE,
  tokenFile,
} from '../system-helper/requests.ts';

/** Sends a request to the system helper. `file`: path of a file whose bytes follow the request. */
export type AskSystemHelper = (request: HelperRequest, file?: string) => Promise<HelperResponse>;

/** Maximum time of one change: downloads, installation, and a rollback after a failure. */
const RESPONSE_WITHIN = 90 * 60_000;

/** Error because the agent cannot ask the helper at all. Another attempt at once would be useless. */
export class HelperAbsent extends Error {}

export const systemHelper =
  (socket: string): AskSystemHelper =>
  (request, file) =>
    new Promise((resolve, reject) => {
      let text = '';
      const connection = connect(socket);
      const late = () => connection.destroy(new Error('it did not answer in time'));
      const deadline = setTimeout(late, RESPONSE_WITHIN).unref();
      // A stopping agent does not wait for the helper. It asks again after its start.
      connection.unref();
      connection.setEncoding('utf8');
      const send = () => {
        try {
          connection.write(`${readFileSync(tokenFile(socket), 'utf8')}\n${JSON.stringify(request)}\n`);
        } catch (error) {
          connection.destroy(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (file === undefined) return;
        createReadStream(file)
          .on('error', (error) => connection.destroy(error))
          .pipe(connection, { end: false });
      };
      let isGreeted = false;
      connection.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LONGEST_RESPONSE) connection.destroy(new Error('its answer is too long'));
        if (isGreeted || !text.startsWith(`${GREETING}\n`)) return;
        isGreeted = true;
        text = text.slice(GREETING.length + 1);
        send();
      });
      connection.once('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(deadline);
        reject(['ENOENT', 'ECONNREFUSED', 'EACCES'].includes(error.code ?? '') ? new HelperAbsent(error.code) : error);
      });
      connection.once('end', () => {
        clearTimeout(deadline);
        connection.destroy();
        try {
          resolve(helperResponseSchema.parse(JSON.parse(text)));
        } catch {
          reject(new Error('it ended before its answer'));
        }
      });
    });
