/**
 * The real server in a process of its own, so that it can be killed with -9. What differs from `npm start` is its clock, which the driver drives;
 * and in a demo the paths of `server/api/demo.ts`, behind which the driver stands.
 */
import type { DemoPort } from '../../server/api/demo.ts';
import type { Config } from '../../server/config.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { mortalWrites } from '../support/mortal-writes.ts';
import { type Drive, type Driven, openClock } from './drive.ts';
import { serve } from './rpc.ts';

type Message = ReturnType<DemoPort['message']>;

/** What the server of a demo asks its driver. */
export interface DemoDriver {
  readonly [name: string]: (given: never) => unknown;
  jump(given: { to: Instant }): Promise<null>;
  send(given: null): ReturnType<DemoPort['send']>;
  session(given: { ticket: string }): ReturnType<DemoPort['session']>;
}

let clock: Driven | null = null;
let server: RunningServer | null = null;
let message: Message | null = null;

function demoOver(running: Driven): DemoPort {
  return {
    now: () => running.now(),
    jump: async (to) => void (await driver('jump', { to })),
    message() {
      if (!message) throw new CordonError('unavailable', 'The devices of the demo are not up yet; try again.');
      return message;
    },
    send: () => driver('send', null),
    session: (ticket) => driver('session', { ticket }),
  };
}

const handlers = {
  ...mortalWrites,
  async start({ config, drive, demo }: { config: Config; drive: Drive; demo: boolean }) {
    clock = openClock(drive);
    server = await startServer(config, { clock, ...(demo ? { demo: demoOver(clock) } : {}) });
    return { addresses: server.addresses, firstOwnerLink: server.firstOwnerLink };
  },
  /** Each overdue timer fires once, in due order; what they set in motion is waited for by what can be seen from outside. */
  jump({ to }: { to: Drive }) {
    clock?.drive(to);
    return null;
  },
  /** Between whom the demo's message goes. */
  messengers(given: Message) {
    message = given;
    return null;
  },
};
export type ServerHandlers = typeof handlers;

const driver = serve<DemoDriver>(handlers);
