/** Flags and environment of `cordon-agent`, parsed once. Nothing else under `agent/` reads `process.env`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { SensorSource } from './evidence/sensor-command.ts';

const environment = z.object({
  CORDON_AGENT_HOME: z.string().optional(),
  /** A program that prints, or a file that holds, what the machine senses (`evidence/sensor-command.ts`). */
  CORDON_AGENT_SENSOR_COMMAND: z.string().optional(),
  CORDON_AGENT_SENSOR_FILE: z.string().optional(),
  CORDON_AGENT_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Set by systemd for its services. */
  INVOCATION_ID: z.string().optional(),
});

export interface AgentConfig {
  readonly home: string;
  readonly identity: string;
  readonly store: string;
  readonly workspace: string;
  /** The daemon's socket for `status` and `send`, 0600. */
  readonly socket: string;
  readonly logFile: string;
  readonly sensors: SensorSource | null;
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Something starts the daemon again when it exits with 75. */
  readonly supervised: boolean;
}

export function readAgentConfig(home: string | undefined, env: NodeJS.ProcessEnv = process.env): AgentConfig {
  const given = environment.parse(env);
  const base = resolve(home ?? given.CORDON_AGENT_HOME ?? join(homedir(), '.local', 'share', 'cordon-agent'));
  const sensors = given.CORDON_AGENT_SENSOR_COMMAND
    ? { command: given.CORDON_AGENT_SENSOR_COMMAND }
    : given.CORDON_AGENT_SENSOR_FILE
      ? { file: given.CORDON_AGENT_SENSOR_FILE }
      : null;
  return Object.freeze({
    home: base,
    identity: join(base, 'identity'),
    store: join(base, 'agent.db'),
    workspace: join(base, 'workspace'),
    socket: join(base, 'agent.sock'),
    logFile: join(base, 'agent.log'),
    sensors,
    log: given.CORDON_AGENT_LOG,
    supervised: given.INVOCATION_ID !== undefined,
  });
}
