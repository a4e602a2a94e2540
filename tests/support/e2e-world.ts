/** A server process with its admins, and agent processes that enroll there. Most end-to-end tests use this. */
import { z } from 'zod';
import { commandView } from '../../shared/api/commands.ts';
import { alertList, deviceDetail } from '../../shared/api/devices.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { AgentProcess } from './agent-process.ts';
import { type Operator, setUp } from './operator.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { until } from './until.ts';

export interface World {
  readonly server: ServerProcess;
  readonly operator: Operator;
  readonly group: string;
  /** Creates an activation link for one more device. */
  link(home?: string): Promise<string>;
  /** Enrolls a device and does not start its agent. */
  enrolled(env?: NodeJS.ProcessEnv, home?: string): Promise<AgentProcess>;
  device(id: string): Promise<z.output<typeof deviceDetail>>;
  send(device: string, command: Command): Promise<z.output<typeof commandView>>;
  command(id: string): Promise<z.output<typeof commandView>>;
  /** Waits until the device has reported the command's result. */
  finished(id: string, within?: number): Promise<z.output<typeof commandView>>;
  alerts(device: string): Promise<string[]>;
  revoke(device: string): Promise<void>;
  remove(): Promise<void>;
}

export async function openWorld(env: Record<string, string> = {}): Promise<World> {
  const server = await startServerProcess(env);
  const operator = await setUp(server.admin, server.firstOwner).catch(async (error: unknown) => {
    await server.remove();
    throw error;
  });
  const { owner, as } = operator;
  const group = await operator.group('embassies');
  const agents: AgentProcess[] = [];
  const link: World['link'] = async (home = 'SE') => (await operator.code({ user: 'Zoe', group, home })).link;

  return {
    server,
    operator,
    group,
    link,
    async enrolled(agentEnv = {}, home = 'SE') {
      const agent = new AgentProcess(agentEnv);
      agents.push(agent);
      await agent.enroll(await link(home));
      return agent;
    },
    device: (id) => as(owner, 'GET', `/devices/${id}`, deviceDetail),
    send: (device, command) => as(owner, 'POST', `/devices/${device}/commands`, commandView, { command }),
    command: (id) => as(owner, 'GET', `/commands/${id}`, commandView),
    finished: (id, within = 20_000) =>
      until(async () => {
        const command = await as(owner, 'GET', `/commands/${id}`, commandView);
        if (command.finishedAt === null) throw new Error(`the command ${command.command.kind} is ${command.state}`);
        return command;
      }, within),
    alerts: async (device) =>
      (await as(owner, 'GET', `/alerts?device=${device}`, alertList)).alerts.map(({ code }) => code),
    revoke: async (device) => void (await as(owner, 'POST', `/devices/${device}/revoke`, z.unknown(), {})),
    async remove() {
      for (const agent of agents) await agent.remove();
      await server.remove();
    },
  };
}
