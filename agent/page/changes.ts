/**
 * Event streams to all open device pages (web pages of the agent). An event says only that data changed, and each page then repeats its
 * queries.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSession, type Session } from 'better-sse';
import { CordonError } from '../../shared/errors.ts';
import type { PageSession } from './sessions.ts';

/** Milliseconds to wait after a change of the agent's data, so that several changes cause only one event for the device pages. */
const GATHER = 60;
/** Minimum milliseconds between two events, because a page repeats its queries after each event. */
const TELL = 400;
const RETRY = 1_000;
const MOST = 20;

export interface Changes {
  /** Starts an event stream, which stays open until the session ends. Throws `rate_limited` if too many streams are open. */
  hold(page: PageSession, request: IncomingMessage, response: ServerResponse): Promise<void>;
  changed(): void;
  stop(): void;
}

interface Stream {
  readonly session: Session;
  readonly response: ServerResponse;
  /** True while the client has not read the last event. Until then, the agent sends at most one more, so that events do not accumulate. */
  owed: boolean;
}

export function createChanges(): Changes {
  const streams = new Set<Stream>();
  let count = 0;
  let telling: NodeJS.Timeout | null = null;
  let toldAt = 0;

  const wait = () => Math.min(TELL, Math.max(GATHER, toldAt + TELL - Date.now()));

  function tell(stream: Stream): void {
    stream.owed = stream.response.writableNeedDrain;
    if (!stream.owed) stream.session.push({}, 'changed', '');
  }

  return {
    async hold(page, request, response) {
      if (count >= MOST)
        throw new CordonError('rate_limited', 'This page is open in too many tabs. Close one of them.');
      count += 1;
      const end = () => response.end();
      page.ended.addEventListener('abort', end, { once: true });
      let stream: Stream | null = null;
      response.once('close', () => {
        count -= 1;
        if (stream) streams.delete(stream);
        page.ended.removeEventListener('abort', end);
      });
      const session = await createSession(request, response, {
        retry: RETRY,
        trustClientEventId: false,
        headers: { 'Cache-Control': 'no-store, no-transform' },
      });
      if (response.destroyed) return;
      const added: Stream = { session, response, owed: false };
      stream = added;
      streams.add(added);
      response.on('drain', () => added.owed && tell(added));
    },
    changed() {
      telling ??= setTimeout(() => {
        telling = null;
        toldAt = Date.now();
        for (const stream of streams) tell(stream);
      }, wait()).unref();
    },
    stop() {
      if (telling) clearTimeout(telling);
      for (const { response } of streams) response.end();
    },
  };
}
