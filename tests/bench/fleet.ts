/** Connected devices in separate processes on the client's core. One object controls all of them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../replay/rpc.ts';
import type { BenchDevice } from './bench-device.ts';
import type { FleetHandlers, Said } from './fleet-process.ts';
import type { OrderAnswer } from './order-answers.ts';
import { pin } from './process.ts';
import { CLIENT_CORE, type Stage } from './stage.ts';

/** Devices per process: two connections each, with a margin below the limit of open files. */
const PER_PROCESS = 5_000;

export interface Fleet {
  readonly size: number;
  /**
   * Prepares the devices' reaction to the next order list. Resolves when the devices are ready; `done` resolves when the server has stored
   * all their frames.
   */
  play(answer: OrderAnswer | null): Promise<{ done(): Promise<Said> }>;
  /** Prepares equal work for the floor. `done` resolves when the floor has echoed as many frames. */
  echo(said: Said): Promise<{ done(): Promise<void> }>;
  close(): Promise<void>;
}

/** Starts the devices. `at`: areas that the devices report. `floor`: whether each device also connects to the floor program. */
export async function connectFleet(
  stage: Stage,
  devices: readonly BenchDevice[],
  { at = null, floor = true }: { readonly at?: readonly string[] | null; readonly floor?: boolean } = {},
): Promise<Fleet> {
  const has = await stage.versions();
  const children: Child<FleetHandlers>[] = [];
  const module = fileURLToPath(new URL('./fleet-process.ts', import.meta.url));
  const all = <T>(ask: (child: Child<FleetHandlers>) => Promise<T>) => Promise.all(children.map(ask));

  for (let from = 0; from < devices.length; from += PER_PROCESS) {
    const child = new Child<FleetHandlers>('a fleet', module, join(stage.folder, `fleet-${children.length}.log`));
    children.push(child);
    pin(child.pid ?? 0, CLIENT_CORE);
    await child.call('connect', {
      devices: devices.slice(from, from + PER_PROCESS).map(({ credentials }) => credentials),
      has,
      server: stage.devicePort,
      floor: floor ? stage.floor.device : null,
      at,
    });
  }
  return {
    size: devices.length,
    async play(answer) {
      await all((child) => child.call('play', answer));
      return {
        done: async () => {
          const [said] = await all((child) => child.call('played', null));
          if (!said) throw new Error('there is no fleet');
          return said;
        },
      };
    },
    async echo(said) {
      await all((child) => child.call('echo', said));
      return { done: async () => void (await all((child) => child.call('echoed', null))) };
    },
    async close() {
      await all((child) => child.call('close', null));
      await all((child) => child.kill());
    },
  };
}
