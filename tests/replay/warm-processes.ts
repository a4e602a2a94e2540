/**
 * Child processes that play one timeline after another. A new process of a server or a fleet costs a third of the CPU time of a short
 * timeline, because it loads its modules and runs them uncompiled.
 */
import { join } from 'node:path';
import { programPath } from '../support/programs.ts';
import type { FleetHandlers } from './fleet-process.ts';
import { Child, type Handlers } from './rpc.ts';
import type { ServerHandlers } from './server-process.ts';

/** Idle processes of one program. */
class IdleProcesses<H extends Handlers> {
  readonly #idle: Child<H>[] = [];
  readonly #launch: () => Child<H>;

  constructor(launch: () => Child<H>) {
    this.#launch = launch;
  }

  take(): Child<H> {
    const child = this.#idle.pop();
    return child && !child.ended ? child : this.#launch();
  }

  /** The process has ended its work for the timeline. */
  giveBack(child: Child<H>): void {
    this.#idle.push(child);
  }

  async end(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((child) => child.release()));
  }
}

export class WarmProcesses {
  readonly servers: IdleProcesses<ServerHandlers>;
  readonly fleets: IdleProcesses<FleetHandlers>;

  /** `folder`: for the logs of the processes. */
  constructor(folder: string) {
    const [server, fleet] = [
      programPath('tests/replay/server-process.ts'),
      programPath('tests/replay/fleet-process.ts'),
    ];
    this.servers = new IdleProcesses(() => new Child('server', server, join(folder, 'server.log')));
    this.fleets = new IdleProcesses(() => new Child('fleet', fleet, join(folder, 'fleet.log')));
  }

  /** Ends the idle processes in order, so that they store their compiled code in NODE_COMPILE_CACHE. */
  async end(): Promise<void> {
    await Promise.all([this.servers.end(), this.fleets.end()]);
  }
}
