import { changedEvent } from '../../shared/api/events.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { HeldGrant } from '../admins/roles.ts';
import type { EventStreams } from './event-streams.ts';
import { type Route, route, StreamReply } from './route.ts';

export type EventsPort = Pick<EventStreams, 'hold' | 'changed'>;

export function eventRoutes(streams: Pick<EventsPort, 'hold'>): Route[] {
  return [
    route({
      name: 'events.listen',
      method: 'get',
      path: '/events',
      summary: 'Receive server-sent events with the topics of changes',
      raw: 'stream',
      response: changedEvent,
      async handler({ caller, callerNow }) {
        const { grants } = caller.account;
        const listener = {
          of: caller.session?.id ?? caller.account.id,
          mayStay: async () => {
            try {
              const now = (await callerNow()).account.grants;
              return grants.every((grant) => now.some((other) => sameGrant(grant, other)));
            } catch (error) {
              if (isCordonError(error, 'not_signed_in')) return false;
              throw error;
            }
          },
        };
        return new StreamReply((request, response) => streams.hold(listener, request, response));
      },
    }),
  ];
}

/** A changed custom role ends the stream. The page then opens a new one with its present rights. */
const sameGrant = (a: HeldGrant, b: HeldGrant): boolean =>
  a.role === b.role && a.group === b.group && a.area === b.area && String(a.rights) === String(b.rights);
