/**
 * Keeper of this machine's agent and of the demo's folder. When the demo ends for any reason, the keeper stops the agent and removes the
 * folder. The agent is the real program with its home in that folder and a wall clock that the demo controls. The keeper changes nothing
 * else on this machine.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../agent/agent.ts';
import { sendControlRequest } from '../../agent/control/control.ts';
import { serve } from '../replay/rpc.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { aheadFileOf } from './ahead.ts';
import { removeFolder } from './folder.ts';

const OWN_AGENT = fileURLToPath(import.meta.resolve('./own-agent-process.ts'));
/** Time that the other processes have to stop. They may write files until then. */
const REMOVE_WITHIN = 10_000;
/** Variables for a real agent on this machine must not affect the demo's agent. */
const NOT_OURS = {
  CORDON_AGENT_SENSOR_COMMAND: undefined,
  CORDON_AGENT_SENSOR_FILE: undefined,
  CORDON_AGENT_LOG: 'warn',
};

let folder = '';
let agent: AgentProcess | null = null;

const home = () => join(folder, 'this-machine');

/** The agent may read this file at any moment, so a complete new file replaces the old file. */
function writeAhead(ahead: number): void {
  const file = aheadFileOf(home());
  writeFileSync(`${file}.new`, String(ahead));
  renameSync(`${file}.new`, file);
}

async function statusNow(): Promise<AgentStatus | null> {
  const answer = agent && (await sendControlRequest(agent.path('agent.sock'), { op: 'status', shown: false }));
  // Status of the agent, requested over a socket that only its owner can open.
  return answer ? (answer.ok as AgentStatus) : null;
}

async function remove(): Promise<void> {
  const deadline = performance.now() + REMOVE_WITHIN;
  // The folder is removed in several attempts, because an ending process may still write.
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

  /** Enrolls this machine and starts its agent. Returns the agent's home folder and process identifier. */
  async enroll({ link, ahead }: { link: string; ahead: number }): Promise<{ home: string; pid: number | undefined }> {
    writeAhead(ahead);
    agent = new AgentProcess(NOT_OURS, home(), OWN_AGENT);
    await agent.enroll(link);
    return { home: agent.home, pid: agent.run().pid };
  },

  /** Sets how far the clock of this machine's agent is ahead of real time. */
  jump({ ahead }: { ahead: number }) {
    writeAhead(ahead);
    return null;
  },

  async status(): Promise<{ now: number; connection: string } | null> {
    const status = await statusNow();
    return status && { now: status.now, connection: status.connection };
  },

  /** The agent reconnects, because a new connection begins with the server's time. The server does not announce a jump of its clock. */
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
