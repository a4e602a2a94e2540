/**
 * Who listens for changes, and telling them. A wake becomes a topic; topics gather and go out to everybody at most once a second, so that ten
 * thousand devices that connect at once are one event. Nothing is said to anybody without asking first whether they may still listen.
 * Everything here is real time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createEventBuffer, createSession, type Session } from 'better-sse';
import type { z } from 'zod';
import type { changedEvent, Topic } from '../../shared/api/events.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Bus, Wake } from '../bus/bus.ts';

/** What admins see of each wake. */
const TOPIC_OF: Readonly<Record<Wake['kind'], Topic | null>> = {
  device: 'devices',
  ended: 'devices',
  opened: 'devices',
  verdicts: 'devices',
  members: 'devices',
  devices: 'devices',
  commands: 'commands',
  results: 'commands',
  list: 'orders',
  orders: 'orders',
  receipts: 'receipts',
  alarms: 'alarms',
  accounts: 'accounts',
  ledger: 'ledger',
  // Whom it moves is told of each device.
  'ip-database': null,
  // What else a release changes is told beside it.
  'hold-released': null,
  // Devices hear of it, and an admin published it.
  'time-correction': null,
  // When somebody gets mail is nobody's business.
  mail: null,
  'key-packages': null,
};

/** Tabs of one browser, or a script that was started too often. */
const STREAMS_EACH = 10;
/** What a browser waits before it comes back. */
const RETRY = 2_000;

export interface Listener {
  /** Whose stream it is: those of one session count together. */
  readonly of: string;
  /** Whether it may still listen. Rejects when that cannot be told now. */
  readonly mayStay: () => Promise<boolean>;
}

export interface EventStreams {
  /** Sends the head and holds the response. Throws `rate_limited` and `unavailable`. */
  hold(listener: Listener, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** For what no wake tells of. */
  changed(topic: Topic): void;
  /** Ends every stream and takes no new one. */
  stop(): void;
}

export interface EventStreamPorts {
  readonly bus: Bus;
  readonly log: { error(facts: object, message: string): void };
  /** For tests. */
  readonly pace?: Partial<typeof PACE> | undefined;
}

/** Milliseconds. */
const PACE = {
  /** One event at most. */
  tell: 1_000,
  /** What happens together is told together. */
  gather: 50,
  /** A session that has ended loses its stream after this, also when nothing changes. */
  look: 3_000,
  heartbeat: 15_000,
  /** A reader that takes nothing for so long is gone. */
  stall: 30_000,
};

interface Stream {
  readonly listener: Listener;
  readonly session: Session;
  readonly response: ServerResponse;
  /** Not told yet. */
  readonly owed: Set<Topic>;
  looking: boolean;
  spokeAt: number;
  stalledAt: number | null;
}

export function createEventStreams({ bus, log, pace = {} }: EventStreamPorts): EventStreams {
  const { tell, gather, look, heartbeat, stall } = { ...PACE, ...pace };
  const streams = new Set<Stream>();
  const held = new Map<string, number>();
  const changed = new Set<Topic>();
  let telling: NodeJS.Timeout | null = null;
  let toldAt = 0;
  let stopped = false;

  const unsubscribe = bus.subscribe(({ kind }) => {
    const topic = TOPIC_OF[kind];
    if (topic) note(topic);
  });
  const looking = setInterval(() => {
    for (const stream of streams) void lookAt(stream);
  }, look).unref();

  function note(topic: Topic): void {
    if (streams.size === 0) return;
    changed.add(topic);
    telling ??= setTimeout(tellAll, Math.max(gather, toldAt + tell - Date.now())).unref();
  }

  function tellAll(): void {
    telling = null;
    toldAt = Date.now();
    for (const stream of streams) {
      for (const topic of changed) stream.owed.add(topic);
      void lookAt(stream);
    }
    changed.clear();
  }

  /** Ends the stream of whoever may listen no more, and tells the others what they are owed. */
  async function lookAt(stream: Stream): Promise<void> {
    // A look that is under way will tell what has come meanwhile.
    if (stream.looking) return;
    stream.looking = true;
    try {
      const mayStay = await stream.listener.mayStay();
      if (!streams.has(stream)) return;
      if (mayStay) speak(stream);
      else end(stream);
    } catch (error) {
      // Not told, and not forgotten: the next look may know more.
      log.error({ err: error }, 'who listens to the event stream could not be checked');
    } finally {
      stream.looking = false;
    }
  }

  function speak(stream: Stream): void {
    const { session, response, owed } = stream;
    const now = Date.now();
    if (response.writableNeedDrain) {
      // Nothing is added to what the reader has not taken, so a stalled stream holds no more than its socket's buffer.
      stream.stalledAt ??= now;
      if (now - stream.stalledAt >= stall) response.destroy();
      return;
    }
    stream.stalledAt = null;
    if (owed.size > 0) {
      session.push({ topics: [...owed] } satisfies z.input<typeof changedEvent>, 'changed', '');
      owed.clear();
    } else if (now - stream.spokeAt >= heartbeat) {
      void session.batch(createEventBuffer().comment().dispatch());
    } else {
      return;
    }
    stream.spokeAt = now;
  }

  function end(stream: Stream): void {
    streams.delete(stream);
    stream.response.end();
  }

  return {
    async hold(listener, request, response) {
      if (stopped) throw new CordonError('unavailable', 'The server is shutting down.', { retryAfter: 2 });
      const { of } = listener;
      const mine = held.get(of) ?? 0;
      if (mine >= STREAMS_EACH) {
        const detail = `This session listens ${STREAMS_EACH} times already: close a tab of the console.`;
        throw new CordonError('rate_limited', detail, { streams: mine });
      }
      held.set(of, mine + 1);
      let stream: Stream | null = null;
      response.once('close', () => {
        if (stream) streams.delete(stream);
        const left = (held.get(of) ?? 1) - 1;
        if (left > 0) held.set(of, left);
        else held.delete(of);
      });
      const session = await createSession(request, response, {
        retry: RETRY,
        // Heartbeats are sent here: the library would send them to a reader that takes nothing, too.
        keepAlive: null,
        trustClientEventId: false,
        headers: { 'Cache-Control': 'no-store, no-transform' },
      });
      if (response.destroyed) return;
      stream = { listener, session, response, owed: new Set(), looking: false, spokeAt: Date.now(), stalledAt: null };
      streams.add(stream);
      if (stopped) end(stream);
    },
    changed: note,
    stop() {
      stopped = true;
      unsubscribe();
      clearInterval(looking);
      if (telling) clearTimeout(telling);
      for (const stream of [...streams]) end(stream);
    },
  };
}
