/** Connection to the inspector of a process that has the environment `INSPECTABLE`. */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { within } from './deadline.ts';

/** Node options of a process whose inspector a benchmark may open: it uses any free port. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

export interface Inspector {
  /** Sends one request of the inspector's protocol, and resolves with its result. */
  ask<Answer = unknown>(method: string, params?: object): Promise<Answer>;
  close(): void;
}

/** Opens the inspector with the signal SIGUSR1. `output` returns the text that the process has written to its standard error. */
export async function openInspector(pid: number, output: () => string): Promise<Inspector> {
  const address = () => output().match(/Debugger listening on (ws:\/\/\S+)/)?.[1];
  if (!address()) process.kill(pid, 'SIGUSR1');
  for (const end = Date.now() + 20_000; !address(); await delay(20))
    if (Date.now() > end) throw new Error(`process ${pid} did not open its inspector within 20 s`);
  const socket = new WebSocket(address() ?? '', { perMessageDeflate: false, maxPayload: 2 ** 30 });
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', resolve);
  });
  await within('the connection to the inspector', opened);
  let last = 0;
  return {
    ask: (method, params = {}) => {
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        const answered = (data: Buffer) => {
          const said = JSON.parse(data.toString());
          if (said.id !== id) return;
          socket.off('message', answered);
          if (said.error) reject(new Error(`${method}: ${said.error.message}`));
          else resolve(said.result);
        };
        socket.on('message', answered);
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close: () => socket.close(),
  };
}

/** Makes the process collect its garbage twice, because the second collection frees the objects that have finalizers. */
export async function collectGarbage(pid: number, output: () => string): Promise<void> {
  const inspector = await openInspector(pid, output);
  for (let round = 0; round < 2; round += 1) await inspector.ask('HeapProfiler.collectGarbage');
  inspector.close();
  await delay(500);
}
