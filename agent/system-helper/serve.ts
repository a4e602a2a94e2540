/** Socket of the system helper: one JSON line in, one JSON line out. The file mode of the socket decides who may connect. */
import { createServer, type Server, type Socket } from 'node:net';
import { isCordonError } from '../../shared/errors.ts';
import {
  HelperRefusal,
  type HelperRequest,
  type HelperResponse,
  helperRequestSchema,
  LONGEST_DETAIL,
  LONGEST_REQUEST,
} from './requests.ts';

const MOST_CONNECTIONS = 16;
const REQUEST_WITHIN = 10_000;

export function serveRequests(
  respond: (request: HelperRequest, socket: Socket) => Promise<HelperResponse>,
  log: (text: string) => void,
): Server {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    void readRequest(socket)
      .then((request) => respond(request, socket))
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
      .then((response) => socket.end(`${JSON.stringify(response)}\n`));
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/** Reads the line of the request. Bytes after the line stay in the socket, which is paused. */
function readRequest(socket: Socket): Promise<HelperRequest> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const deadline = setTimeout(
      () => end(() => reject(new Error('the request did not arrive in time'))),
      REQUEST_WITHIN,
    );
    const closed = () => end(() => reject(new Error('the connection ended before the request')));
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const line = received.indexOf('\n');
      if (line < 0 && received.length <= LONGEST_REQUEST) return;
      if (line < 0 || line > LONGEST_REQUEST) return end(() => reject(new Error('the request is too long')));
      end(() => {
        socket.pause();
        socket.unshift(received.subarray(line + 1));
        try {
          resolve(helperRequestSchema.parse(JSON.parse(received.subarray(0, line).toString('utf8'))));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    };
    const end = (work: () => void) => {
      clearTimeout(deadline);
      socket.off('data', read).off('close', closed);
      work();
    };
    socket.on('data', read).once('close', closed);
  });
}
