/** Tells every open page that something changed, and nothing else: each asks again for what it shows. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSession, type Session } from 'better-sse';
import { CordonError } from '../../shared/errors.ts';
import type { PageSession } from './sessions.ts';

/** What happens together is told together, */
const GATHER = 60;
/** and no oftener than a page can ask for all that it shows. Milliseconds. */
const TELL = 400;
/** What a browser waits before it comes back. */
const RETRY = 1_000;
/** Tabs, of all browsers together. */
const MOST = 20;

export interface Changes {
  /** Sends the head and holds the response for as long as the session lives. Throws `rate_limited`. */
  hold(page: PageSession, request: IncomingMessage, response: ServerResponse): Promise<void>;
  changed(): void;
  /** Ends every stream. */
  stop(): void;
}

interface Stream {
  readonly session: Session;
  readonly response: ServerResponse;
  /** Has not taken the last word yet: it is told once more when it has, and nothing heaps up. */
  owed: boolean;
}

export function createChanges(): Changes {
  const streams = new Set<Stream>();
  let held = 0;
  let telling: NodeJS.Timeout | null = null;
  let toldAt = 0;

  const wait = () => Math.min(TELL, Math.max(GATHER, toldAt + TELL - Date.now()));

  function tell(stream: Stream): void {
    stream.owed = stream.response.writableNeedDrain;
    if (!stream.owed) stream.session.push({}, 'changed', '');
  }

  return {
    async hold(page, request, response) {
      if (held >= MOST) throw new CordonError('rate_limited', 'This page is open too often: close a tab of it.');
      held += 1;
      const end = () => response.end();
      page.ended.addEventListener('abort', end, { once: true });
      let stream: Stream | null = null;
      response.once('close', () => {
        held -= 1;
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
