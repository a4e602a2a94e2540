/**
 * Keeper of this machine's agent, of the mail connector and of the demo's folder. When the demo ends for any reason, the keeper stops both
 * programs and removes the folder. Both are the real programs with a home in that folder and a wall clock that the demo controls. The
 * keeper changes nothing else on this machine.
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

const OWN_CONNECTOR = fileURLToPath(import.meta.resolve('./own-connector-process.ts'));
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
let connector: AgentProcess | null = null;

const home = () => join(folder, 'this-machine');
const connectorHome = () => join(folder, 'mail-connector');

/** The programs may read these files at any moment, so a complete new file replaces the old file. */
function writeAhead(ahead: number): void {
  for (const file of [home(), connectorHome()].map(aheadFileOf)) {
    writeFileSync(`${file}.new`, String(ahead));
    renameSync(`${file}.new`, file);
  }
}

async function statusOf(program: AgentProcess | null): Promise<AgentStatus | null> {
  const answer = program && (await sendControlRequest(program.path('agent.sock'), { op: 'status', shown: false }));
  // Status of the program, requested over a socket that only its owner can open.
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

  async status(): Promise<{ now: number; connection: string; mail: string } | null> {
    const status = await statusOf(agent);
    return status && { now: status.now, connection: status.connection, mail: status.mail.state };
  },

  /** Both programs reconnect, because a new connection begins with the server's time. The server does not announce a jump of its clock. */
  async restart(): Promise<{ pid: number | undefined; connectorPid: number | undefined }> {
    await Promise.all([agent?.stop(), connector?.stop()]);
    return { pid: agent?.run().pid, connectorPid: connector?.run().pid };
  },

  /** Enrolls and starts the mail connector. `submission`: port of the company's mail server. Returns the process identifier. */
  async connectMail(given: { link: string; ahead: number; submission: number }): Promise<{ pid: number | undefined }> {
    writeAhead(given.ahead);
    const foreign = Object.keys(process.env).filter((name) => name.startsWith('CORDON_CONNECTOR_'));
    const env = {
      ...NOT_OURS,
      ...Object.fromEntries(foreign.map((name) => [name, undefined])),
      CORDON_CONNECTOR_NAME: 'connector.demo.example',
      CORDON_CONNECTOR_PORT: '0',
      CORDON_CONNECTOR_SUBMISSION_URL: `smtp://127.0.0.1:${given.submission}`,
    };
    connector = new AgentProcess(env, connectorHome(), OWN_CONNECTOR);
    await connector.enroll(given.link);
    return { pid: connector.run().pid };
  },

  /** Port on which the mail connector receives mail; null while it receives none. */
  async mailPort(): Promise<number | null> {
    return (await statusOf(connector))?.connector?.smtpPort ?? null;
  },
};
export type KeeperHandlers = typeof handlers;

serve(handlers, async () => {
  await Promise.all([agent?.kill(), connector?.kill()]);
  if (folder !== '') await remove();
});
