/** The real server in a process of its own, so that it can be killed with -9. What differs from `npm start` is its clock, which the driver drives. */
import type { Config } from '../../server/config.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { serve } from './rpc.ts';

let clock: DrivenClock | null = null;
let server: RunningServer | null = null;

const handlers = {
  async start({ config, now }: { config: Config; now: Instant }) {
    clock = new DrivenClock(now);
    server = await startServer(config, { clock });
    return { addresses: server.addresses, firstOwnerLink: server.firstOwnerLink };
  },
  /** Each overdue timer fires once, in due order; what they set in motion is waited for by what can be seen from outside. */
  jump({ to }: { to: Instant }) {
    clock?.jump(to);
    return null;
  },
};
export type ServerHandlers = typeof handlers;

serve(handlers);
