/** Worker thread that parses messages. It ends with an error if a message needs too much memory. */
import { parentPort } from 'node:worker_threads';
import { fileIn, parseMessage } from './parse-message.ts';
import type { ParseRequest, ParseResponse } from './parsed-message.ts';

parentPort?.on('message', ({ message, file }: ParseRequest) => {
  const work: Promise<ParseResponse> =
    file === null
      ? parseMessage(message).then((parsed) => ({ parsed }))
      : fileIn(message, file).then((content) => ({ file: content }));
  void work
    .catch((error: unknown): ParseResponse => ({ failure: error instanceof Error ? error.message : String(error) }))
    .then((response) => parentPort?.postMessage(response));
});
