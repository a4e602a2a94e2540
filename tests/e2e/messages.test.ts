/** Messages between people, over a real server and agents that are processes of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../agent/exit-codes.ts';
import type { InboxEntry } from '../../agent/message-answers.ts';
import type { MessageView } from '../../agent/messaging/messaging.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { foundOrganisation, type Organisation } from '../support/organisation.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-messages-'));
let world: World;
let organisation: Organisation;
let stopCountersigning: () => Promise<void>;
const agents: AgentProcess[] = [];

beforeAll(async () => {
  world = await openWorld();
  organisation = await foundOrganisation(world.operator);
  stopCountersigning = organisation.keepCountersigning();
}, 60_000);
afterAll(async () => {
  await stopCountersigning?.();
  for (const agent of agents) await agent.remove();
  await world?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function enrol(user: string): Promise<AgentProcess> {
  const agent = new AgentProcess({ CORDON_AGENT_LOG: 'debug' });
  agents.push(agent);
  const { link } = await world.operator.code({ user, group: world.group, home: 'SE' });
  await agent.enrol(link);
  return agent;
}
async function person(user: string): Promise<AgentProcess> {
  const agent = await enrol(user);
  agent.run();
  await ready(agent);
  return agent;
}
const ready = (agent: AgentProcess) =>
  until(async () => expect((await agent.status()).messaging.state, agent.log).toBe('ready'), 40_000, 300);

async function cli<T>(agent: AgentProcess, ...args: string[]): Promise<T> {
  const { code, out, err } = await agent.cli([...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${err}${out}`);
  return JSON.parse(out);
}
const send = (from: AgentProcess, to: string, text: string, ...more: string[]) =>
  cli<MessageView>(from, 'send', to, text, ...more);
const inbox = (agent: AgentProcess) => cli<InboxEntry[]>(agent, 'inbox', '--all');
const texts = async (agent: AgentProcess, index = 0) =>
  ((await inbox(agent))[index]?.messages ?? []).filter(({ from }) => from !== null).map(({ text }) => text);
const eventually = (check: () => Promise<void>) => until(check, 20_000, 200);

it('two people write to each other at their command lines, with a file, and the server has none of it', async () => {
  const [amina, bilal] = await Promise.all([person('Amina'), person('Bilal')]);
  expect(await cli(amina, 'people', 'bil')).toMatchObject([{ name: 'Bilal' }]);
  expect(await send(amina, 'Bilal', 'the budget of the embassy')).toMatchObject({ state: 'sent', mine: true });
  await eventually(async () => expect(await texts(bilal)).toEqual(['the budget of the embassy']));
  const unseen = await bilal.cli(['inbox']);
  expect(unseen.out).toMatch(/^Amina {2}\(.{22}\) {2}1 new\n {2}\S+ {2}Amina: the budget of the embassy\n$/);

  const file = join(folder, 'plan.txt');
  writeFileSync(file, 'the plan of the embassy');
  const { id } = await send(bilal, 'Amina', 'as agreed', '--attach', file);
  await eventually(async () => expect(await texts(amina)).toEqual(['the budget of the embassy', 'as agreed']));
  const copy = join(folder, 'copy.txt');
  expect(await amina.cli(['attachment', id, copy])).toMatchObject({ code: 0 });
  expect(readFileSync(copy, 'utf8')).toBe('the plan of the embassy');
  await eventually(async () => expect((await inbox(amina))[0]?.messages[0]).toMatchObject({ state: 'delivered' }));

  const chat = await bilal.cli(['chat', 'Amina'], { input: 'one more line\n' });
  expect(chat.out).toContain('Amina: the budget of the embassy');
  await eventually(async () => expect(await texts(amina)).toHaveLength(3));
  await eventually(async () => expect((await inbox(amina))[0]?.messages[0]).toMatchObject({ state: 'read' }));
  expect(await send(amina, 'Nobody', 'x').catch(({ message }) => message)).toMatch(`ended with ${EXIT.notFound}`);
  for (const name of ['cordon.db', 'cordon.db-wal']) {
    expect(readFileSync(join(world.server.home, name)).includes('embassy'), name).toBe(false);
  }
  for (const agent of [amina, bilal]) {
    for (const name of ['agent.db', 'agent.db-wal']) {
      expect(readFileSync(agent.path(name)).includes('embassy'), name).toBe(false);
    }
    expect(await world.alarms(agent.device)).toEqual([]);
  }
}, 120_000);
