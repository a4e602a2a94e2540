import { Worker } from 'node:worker_threads';
import { CordonError } from '../../../shared/errors.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import type { ParsedMessage, ParseRequest, ParseResponse } from './parsed-message.ts';

/** Maximum milliseconds for one message. The largest allowed message needs about two seconds. */
const WITHIN = 30_000;
/** Milliseconds after which an unused worker ends. */
const IDLE = 30_000;
/**
 * Limits of V8's heap in the worker. The bytes of message and files are outside this heap. They take at most a few times the size of the
 * message.
 */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
const WORKER = new URL('./parse-worker.ts', import.meta.url);

/**
 * Parser of messages in a worker thread with limits on memory and time, so that no message can stop the agent. Parses one message at a
 * time.
 */
export interface MessageParser {
  /** Parses a message. Throws `content_malformed` if it cannot be parsed within the limits. */
  parse(message: Uint8Array): Promise<ParsedMessage>;
  /** Content of an attached file. Throws `not_found`, `content_malformed`. */
  file(message: Uint8Array, index: number): Promise<Uint8Array>;
  stop(): Promise<void>;
}

export function createMessageParser({ within = WITHIN }: { readonly within?: number } = {}): MessageParser {
  const exclusively = createSerialQueue();
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    clearTimeout(idle);
    const stopping = worker;
    worker = null;
    await stopping?.terminate();
  };

  const ask = (request: ParseRequest): Promise<ParseResponse> =>
    exclusively(async () => {
      clearTimeout(idle);
      worker ??= started();
      const current = worker;
      current.ref();
      try {
        return await responseOf(current, request, within);
      } catch (error) {
        await stop();
        throw unparsable('it needs too much memory or time', error);
      } finally {
        current.unref();
        idle = setTimeout(() => void stop(), IDLE).unref();
      }
    });

  return {
    async parse(message) {
      const response = await ask({ message, file: null });
      if ('parsed' in response) return response.parsed;
      throw unparsable('failure' in response ? response.failure : 'the parser gave no result');
    },
    async file(message, index) {
      const response = await ask({ message, file: index });
      if ('failure' in response) throw unparsable(response.failure);
      if ('file' in response && response.file) return response.file;
      throw new CordonError('not_found', 'The message has no file with that number.');
    },
    stop,
  };
}

/** Without this listener, an error of the worker would end the agent. */
const started = (): Worker => new Worker(WORKER, { resourceLimits: LIMITS }).on('error', () => undefined);

function responseOf(worker: Worker, request: ParseRequest, within: number): Promise<ParseResponse> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(deadline);
      worker.off('message', received).off('error', failed).off('exit', ended);
      finish();
    };
    const received = (response: ParseResponse) => settle(() => resolve(response));
    const failed = (error: unknown) => settle(() => reject(error));
    const ended = (code: number) => failed(new Error(`the parser ended with ${code}`));
    const deadline = setTimeout(() => failed(new Error(`no result within ${within} ms`)), within);
    worker.on('message', received).on('error', failed).on('exit', ended);
    worker.postMessage(request);
  });
}

function unparsable(why: string, cause?: unknown): CordonError {
  return new CordonError('content_malformed', `The message cannot be parsed: ${why}.`, {}, cause);
}
