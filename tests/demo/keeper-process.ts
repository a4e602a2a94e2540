/**
 * Keeps this machine's own agent, and the demo's folder. It outlives the demo, however that ends, for as long as it takes to end the one and to
 * remove the other. The agent is the real program over a home of its own in that folder, with a wall clock that the demo
 * drives; nothing else of this machine is touched.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../agent/agent.ts';
import { askControl } from '../../agent/control/control.ts';
import { serve } from '../replay/rpc.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { aheadFileOf } from './ahead.ts';
import { removeFolder } from './folder.ts';

const OWN_AGENT = fileURLToPath(import.meta.resolve('./own-agent-process.ts'));
/** The other processes end by themselves when the demo does; meanwhile one may still write. */
const REMOVE_WITHIN = 10_000;
/** What somebody has set for an agent of their own is not meant for this one. */
const NOT_OURS = {
  CORDON_AGENT_SENSOR_COMMAND: undefined,
  CORDON_AGENT_SENSOR_FILE: undefined,
  CORDON_AGENT_LOG: 'warn',
};

let folder = '';
let agent: AgentProcess | null = null;

const home = () => join(folder, 'this-machine');

/** The agent reads the file at any moment, so a whole file replaces the old one. */
function writeAhead(ahead: number): void {
  const file = aheadFileOf(home());
  writeFileSync(`${file}.new`, String(ahead));
  renameSync(`${file}.new`, file);
}

async function statusNow(): Promise<AgentStatus | null> {
  const answer = agent && (await askControl(agent.path('agent.sock'), { op: 'status', shown: false }));
  // What our own daemon says over a socket that only its owner can open: the type is its own.
  return answer ? (answer.ok as AgentStatus) : null;
}

async function remove(): Promise<void> {
  const deadline = performance.now() + REMOVE_WITHIN;
  // More than once: whoever ends just now may have written after the first time.
  for (let removed = 0; removed < 3 && performance.now() < deadline; await pause(50)) {
    try {
      removeFolder(folder);
      removed += 1;
    } catch (error) {
      console.error(error);
    }
  }
}

const handlers = {
  begin(given: { folder: string }) {
    folder = given.folder;
    return null;
  },

  /** Enrols this machine and starts its agent. Returns where that lives, and the number of its process. */
  async enrol({ link, ahead }: { link: string; ahead: number }): Promise<{ home: string; pid: number | undefined }> {
    writeAhead(ahead);
    agent = new AgentProcess(NOT_OURS, home(), OWN_AGENT);
    await agent.enrol(link);
    return { home: agent.home, pid: agent.run().pid };
  },

  /** Puts the wall clock of this machine's agent ahead. */
  jump({ ahead }: { ahead: number }) {
    writeAhead(ahead);
    return null;
  },

  async status(): Promise<{ now: number; connection: string } | null> {
    const status = await statusNow();
    return status && { now: status.now, connection: status.connection };
  },

  /** For a jump of the clock that the server tells nobody of by itself: a new connection begins with the server's time. */
  async restart(): Promise<{ pid: number | undefined }> {
    await agent?.stop();
    return { pid: agent?.run().pid };
  },
};
export type KeeperHandlers = typeof handlers;

serve(handlers, async () => {
  await agent?.kill();
  if (folder !== '') await remove();
});
