/** Starts, enrolls and kills the process of `agents-process.ts`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../replay/rpc.ts';
import type { AgentState, AgentsHandlers, Ran } from './agents-process.ts';
import { programPath } from './programs.ts';

const MODULE = programPath('tests/support/agents-process.ts');

export class Agents {
  readonly #folder: string;
  readonly #count: number;
  #child: Child<AgentsHandlers>;

  constructor(folder: string, count: number) {
    this.#folder = folder;
    this.#count = count;
    mkdirSync(folder, { recursive: true });
    this.#child = this.#launch();
  }

  #launch(): Child<AgentsHandlers> {
    return new Child<AgentsHandlers>('agents', MODULE, join(this.#folder, 'agents.log'));
  }

  async enroll(links: readonly string[]): Promise<void> {
    await this.#child.call('open', { folder: this.#folder });
    await this.#child.call('enroll', { folder: this.#folder, links });
    await this.#child.call('start', { folder: this.#folder, count: this.#count });
  }

  /** Kills the process with SIGKILL if it runs, and starts it again with the data on disk. */
  async restart(): Promise<void> {
    await this.kill();
    this.#child = this.#launch();
    await this.#child.call('open', { folder: this.#folder });
    await this.#child.call('start', { folder: this.#folder, count: this.#count });
  }

  async tick(): Promise<void> {
    await this.#child.call('tick', null);
  }

  async dieAfter(verbs: number): Promise<void> {
    await this.#child.call('dieAfter', { verbs });
  }

  states(): Promise<AgentState[]> {
    return this.#child.call('states', null);
  }

  ran(): Promise<Ran[]> {
    return this.#child.call('ran', null);
  }

  get dead(): boolean {
    return this.#child.ended;
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}
