/** Starts the floor program on its own core and sends it tasks. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './deadline.ts';
import type { FloorAnswer, FloorTask } from './floor-tasks.ts';
import { collectGarbage, INSPECTABLE } from './inspector.ts';
import { pin } from './process.ts';

export interface Floor {
  readonly pid: number;
  /** Ports of the floor: mutual TLS for connections, and TLS for enrollment. */
  readonly device: number;
  readonly open: number;
  fanOut(frame: string): Promise<void>;
  enroll(csr: Buffer, times: number): Promise<void>;
  collectGarbage(): Promise<void>;
  /** Text that the program has written to its standard error. */
  output(): string;
  stop(): Promise<void>;
}

export async function startFloor(identity: { key: string; cert: string; ca: string }, core: number): Promise<Floor> {
  const child = fork(new URL('./floor.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...INSPECTABLE },
  });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
  const { pid } = child;
  if (pid === undefined) throw new Error('the floor program did not start');

  const ask = (task: FloorTask): Promise<FloorAnswer> => {
    const answered = new Promise<FloorAnswer>((resolve, reject) => {
      const died = () => reject(new Error(`the floor program ended:\n${output}`));
      child.once('exit', died);
      child.once('message', (answer: FloorAnswer) => {
        child.off('exit', died);
        resolve(answer);
      });
      child.send(task);
    });
    return within(`the task ${task.do} of the floor`, answered);
  };
  const folder = mkdtempSync(join(tmpdir(), 'cordon-floor-'));
  const started = await ask({ do: 'start', ...identity, folder });
  if (started.done !== 'start') throw new Error('the floor program did not start');
  pin(pid, core);
  return {
    pid,
    device: started.device,
    open: started.open,
    fanOut: async (frame) => void (await ask({ do: 'fan-out', frame })),
    enroll: async (csr, times) => void (await ask({ do: 'enroll', csr: csr.toString('base64'), times })),
    collectGarbage: () => collectGarbage(pid, () => output),
    output: () => output,
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await within('the end of the floor', ended);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
