/**
 * Real server in a process of its own, so that it can be killed with kill -9. It differs from `npm start` by its clock, which the driver
 * controls, and in a demo by the paths of `server/api/demo.ts`, which the driver answers.
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

/** Requests of a demo's server to its driver. */
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
  /** Stops the server in order, so that the process can start another one. */
  async end(_: null) {
    await server?.stop();
    server = null;
    clock = null;
    return null;
  },
  /** Each overdue timer fires once, in order. The driver waits for the resulting work by what is visible from outside. */
  jump({ to }: { to: Drive }) {
    clock?.drive(to);
    return null;
  },
  /** Sender and recipient of the demo's message. */
  messengers(given: Message) {
    message = given;
    return null;
  },
};
export type ServerHandlers = typeof handlers;

const driver = serve<DemoDriver>(handlers);
