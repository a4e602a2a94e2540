/**
 * `npm run bench -- --profile FOLDER`: records where the server and the floor spend their CPU time during the measured part of each
 * benchmark. A recording slows the server, so the figures of such a run are not compared with budgets.
 */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Inspector, openInspector } from './inspector.ts';

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Profile of V8, in the format of `.cpuprofile` files. Times in microseconds. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Share of the CPU time in the function itself, without the functions that it calls. */
  readonly share: number;
}

/** Microseconds between two samples. */
const INTERVAL = 200;
const ROWS = 20;
const PROJECT = join(import.meta.dirname, '../..');

function placeOf(url: string, line: number): string {
  if (!url.startsWith('file:')) return url;
  const path = relative(PROJECT, fileURLToPath(url));
  return `${path.replace(/^(?:.*\/)?node_modules\//, '')}:${line + 1}`;
}

/** Name of a function, with its file and line. */
export function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const place = placeOf(url, lineNumber);
  return `${functionName || '(anonymous)'}${place && ` ${place}`}`;
}

/** Microseconds in each node's function itself, by id of the node. */
export function ownTimes({ samples, timeDeltas }: Profile): Map<number, number> {
  const own = new Map<number, number>();
  samples.forEach((id, index) => void own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0)));
  return own;
}

/** The functions with the most CPU time of their own, in falling order. Idle time does not count. */
export function topFunctions(profile: Profile, rows = ROWS): Share[] {
  const own = ownTimes(profile);
  const byName = new Map<string, number>();
  let total = 0;
  for (const node of profile.nodes) {
    const time = own.get(node.id) ?? 0;
    if (time === 0 || node.callFrame.functionName === '(idle)') continue;
    total += time;
    const name = nameOf(node);
    byName.set(name, (byName.get(name) ?? 0) + time);
  }
  return [...byName]
    .sort(([, one], [, other]) => other - one)
    .slice(0, rows)
    .map(([name, time]) => ({ name, share: time / total }));
}

/** Recorder of one process. `during` records only while `work` runs, and keeps the last recording. */
export class Recorder {
  readonly pid: number;
  readonly #inspector: Inspector;
  #last: Profile | null = null;

  private constructor(pid: number, inspector: Inspector) {
    this.pid = pid;
    this.#inspector = inspector;
  }

  static async open(pid: number, output: () => string): Promise<Recorder> {
    const inspector = await openInspector(pid, output);
    await inspector.ask('Profiler.enable');
    await inspector.ask('Profiler.setSamplingInterval', { interval: INTERVAL });
    return new Recorder(pid, inspector);
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.#inspector.ask('Profiler.start');
    const result = await work();
    const { profile } = await this.#inspector.ask<{ profile: Profile }>('Profiler.stop');
    this.#last = profile;
    return result;
  }

  /** Last recording; null if nothing was recorded since the last call. */
  take(): Profile | null {
    const profile = this.#last;
    this.#last = null;
    return profile;
  }

  close(): void {
    this.#inspector.close();
  }
}
