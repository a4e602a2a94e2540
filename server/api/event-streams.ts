/**
 * Event streams of the console. When data changes, the server sends the topic of the data to all listeners, at most once a second, so that
 * ten thousand connecting devices cause one event. Before each event, the server checks that the listener may still receive events.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Session } from 'better-sse';
import type { z } from 'zod';
import type { changedEvent, Topic } from '../../shared/api/events.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Bus, Wake } from '../bus/bus.ts';

/** Topic for each kind of change notification (wake). Null: listeners receive no event. */
const TOPIC_OF: Readonly<Record<Wake['kind'], Topic | null>> = {
  device: 'devices',
  ended: 'devices',
  memberships: 'devices',
  opened: 'devices',
  verdicts: 'devices',
  members: 'devices',
  devices: 'devices',
  'device-name': 'devices',
  'lost-mode': 'devices',
  commands: 'commands',
  job: 'commands',
  results: 'commands',
  list: 'orders',
  orders: 'orders',
  receipts: 'receipts',
  alerts: 'alerts',
  accounts: 'accounts',
  ledger: 'ledger',
  disclosures: 'disclosures',
  mail: 'mail',
  policies: 'policies',
  scripts: 'scripts',
  compliance: 'policies',
  // The change has no topic, because each moved device also causes a notification with a topic.
  'ip-database': null,
  // The change has no topic, because only devices react to it. The admin who switches a section already sees the result.
  'inventory-sections': null,
  // The change has no topic, because every change after the release of a legal hold causes its own notification.
  'hold-released': null,
  // The topic is `orders`, because the pending proposal is among the documents that approvers sign.
  'time-correction': 'orders',
  // The change has no topic, because the console does not show when a user receives messages.
  mailbox: null,
  'key-packages': null,
  // The change has no topic, because only one admin sees the answers. The page of the query itself loads them until its deadline.
  query: null,
};

const STREAMS_EACH = 10;
/** Milliseconds that a browser waits before it reconnects. */
const RETRY = 2_000;

export interface Listener {
  /** Identifier of the listener's session or account. All streams with the same identifier share the limit `STREAMS_EACH`. */
  readonly of: string;
  readonly mayStay: () => Promise<boolean>;
}

export interface EventStreams {
  /**
   * Sends the response head and keeps the response open. Throws `rate_limited` if the listener has too many streams, and `unavailable`
   * while the server stops.
   */
  hold(listener: Listener, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Sends a topic to all listeners, for a change that the bus does not announce. */
  changed(topic: Topic): void;
  stop(): void;
}

export interface EventStreamPorts {
  readonly bus: Bus;
  readonly log: { error(facts: object, message: string): void };
  readonly pace?: Partial<typeof PACE> | undefined;
}

/** Intervals in milliseconds. */
const PACE = {
  /** Minimum time between two events. */
  betweenEvents: 1_000,
  /** Delay that combines simultaneous changes into one event. */
  gather: 50,
  /** Interval of the check of all listeners, which closes the streams of ended sessions even if no data changes. */
  check: 3_000,
  heartbeat: 15_000,
  stall: 30_000,
};

interface Stream {
  readonly listener: Listener;
  readonly session: Session;
  readonly response: ServerResponse;
  /** Sends a heartbeat. */
  readonly beat: () => void;
  readonly pending: Set<Topic>;
  checking: boolean;
  lastSentAt: number;
  stalledAt: number | null;
}

export function createEventStreams({ bus, log, pace = {} }: EventStreamPorts): EventStreams {
  const { betweenEvents, gather, check, heartbeat, stall } = { ...PACE, ...pace };
  const streams = new Set<Stream>();
  const open = new Map<string, number>();
  const changed = new Set<Topic>();
  let timer: NodeJS.Timeout | null = null;
  let sentAt = 0;
  let stopped = false;

  const unsubscribe = bus.subscribe(({ kind }) => {
    const topic = TOPIC_OF[kind];
    if (topic) note(topic);
  });
  const checkTimer = setInterval(() => {
    for (const stream of streams) void checkListener(stream);
  }, check).unref();

  function note(topic: Topic): void {
    if (streams.size === 0) return;
    changed.add(topic);
    timer ??= setTimeout(sendChanged, Math.max(gather, sentAt + betweenEvents - Date.now())).unref();
  }

  function sendChanged(): void {
    timer = null;
    sentAt = Date.now();
    for (const stream of streams) {
      for (const topic of changed) stream.pending.add(topic);
      void checkListener(stream);
    }
    changed.clear();
  }

  async function checkListener(stream: Stream): Promise<void> {
    // No second check is necessary: the running check also sends topics that are added meanwhile.
    if (stream.checking) return;
    stream.checking = true;
    try {
      const mayStay = await stream.listener.mayStay();
      if (!streams.has(stream)) return;
      if (mayStay) sendPending(stream, { stall, heartbeat });
      else end(stream);
    } catch (error) {
      log.error({ err: error }, 'the rights of an event stream could not be checked; the server tries again');
    } finally {
      stream.checking = false;
    }
  }

  function end(stream: Stream): void {
    streams.delete(stream);
    stream.response.end();
  }

  return {
    async hold(listener, request, response) {
      if (stopped)
        throw new CordonError('unavailable', 'The server is shutting down. Try again in a few seconds.', {
          retryAfter: 2,
        });
      occupyStream(open, listener.of, response);
      let stream: Stream | null = null;
      response.once('close', () => {
        if (stream) streams.delete(stream);
      });
      // The package is imported here, because only a console needs it. Its import of `node:http` loads undici (`shared/node-http.ts`).
      const { createEventBuffer, createSession } = await import('better-sse');
      if (response.destroyed) return;
      const session = await createSession(request, response, {
        retry: RETRY,
        // The server sends heartbeats itself, because the library would also send them to a client that reads no data.
        keepAlive: null,
        trustClientEventId: false,
        headers: { 'Cache-Control': 'no-store, no-transform' },
      });
      if (response.destroyed) return;
      stream = {
        listener,
        session,
        response,
        beat: () => void session.batch(createEventBuffer().comment().dispatch()),
        pending: new Set(),
        checking: false,
        lastSentAt: Date.now(),
        stalledAt: null,
      };
      streams.add(stream);
      if (stopped) end(stream);
    },
    changed: note,
    stop() {
      stopped = true;
      unsubscribe();
      clearInterval(checkTimer);
      if (timer) clearTimeout(timer);
      for (const stream of [...streams]) end(stream);
    },
  };
}

/** Throws `rate_limited` if the listener has `STREAMS_EACH` streams. The stream is counted until the response closes. */
function occupyStream(open: Map<string, number>, of: string, response: ServerResponse): void {
  const streams = open.get(of) ?? 0;
  if (streams >= STREAMS_EACH) {
    const detail = `This session has ${STREAMS_EACH} open event streams, which is the maximum. Close a tab of the console.`;
    throw new CordonError('rate_limited', detail, { streams });
  }
  open.set(of, streams + 1);
  response.once('close', () => {
    const remaining = (open.get(of) ?? 1) - 1;
    if (remaining > 0) open.set(of, remaining);
    else open.delete(of);
  });
}

/** Sends a heartbeat if no topic has changed. Closes the stream of a client that reads no data. */
function sendPending(stream: Stream, { stall, heartbeat }: Pick<typeof PACE, 'stall' | 'heartbeat'>): void {
  const { session, response, pending } = stream;
  const now = Date.now();
  if (response.writableNeedDrain) {
    // Add nothing to the stream of a client that reads no data, so that the stream needs no memory beyond its socket buffer.
    stream.stalledAt ??= now;
    if (now - stream.stalledAt >= stall) response.destroy();
    return;
  }
  stream.stalledAt = null;
  if (pending.size > 0) {
    session.push({ topics: [...pending] } satisfies z.input<typeof changedEvent>, 'changed', '');
    pending.clear();
  } else if (now - stream.lastSentAt >= heartbeat) {
    stream.beat();
  } else {
    return;
  }
  stream.lastSentAt = now;
}
