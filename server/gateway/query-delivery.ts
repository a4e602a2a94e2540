/** Sends a live query to the connected devices among those that the admin asked. */
import type { DeviceId, QueryId } from '../../shared/protocol/ids.ts';
import type { FrameSender } from './frame-sender.ts';
import type { LiveQueriesPort } from './ports.ts';

/** Part of a device session that the delivery uses. */
export interface QuerySession {
  readonly generation: number;
  readonly answersQueries: boolean;
  readonly welcomed: boolean;
  readonly frames: Pick<FrameSender, 'send'>;
}

export type QueryDelivery = (query: QueryId) => Promise<void>;

/** Number of devices to which the server sends in one turn of the event loop. */
const SLICE = 128;

export function createQueryDelivery({
  liveQueries,
  sessions,
}: {
  readonly liveQueries: Pick<LiveQueriesPort, 'open' | 'asked' | 'unreachable'>;
  readonly sessions: { live(device: DeviceId): QuerySession | undefined };
}): QueryDelivery {
  return async (id) => {
    const open = liveQueries.open(id);
    if (!open) return;
    const { query, seconds, devices } = open;
    for (const [index, device] of devices.entries()) {
      const session = sessions.live(device);
      if (!session?.welcomed) liveQueries.unreachable(id, device, 'not-connected');
      else if (!session.answersQueries) liveQueries.unreachable(id, device, 'old-agent');
      else {
        liveQueries.asked(id, { device, generation: session.generation });
        session.frames.send({ kind: 'query', id, query, seconds });
      }
      if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
    }
  };
}
