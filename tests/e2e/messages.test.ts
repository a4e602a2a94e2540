/** Messages between people, over a real server and agents in separate processes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentStatus } from '../../agent/agent.ts';
import { type ControlRequest, sendControlRequest } from '../../agent/control/control.ts';
import type { InboxEntry } from '../../agent/control/message-responses.ts';
import type { ConversationView, FoundPerson, MessageView } from '../../agent/messaging/messaging.ts';
import { createdCode } from '../../shared/api/codes.ts';
import { personPage, personView } from '../../shared/api/people.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { foundOrganization, type Organization } from '../support/organization.ts';
import { invite } from '../support/people.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-messages-'));
let world: World;
let organization: Organization;
let stopCountersigning: () => Promise<void>;
const agents: AgentProcess[] = [];

beforeAll(async () => {
  world = await openWorld();
  organization = await foundOrganization(world.operator.owner, world.operator.approvers);
  stopCountersigning = organization.keepCountersigning();
}, 60_000);
afterAll(async () => {
  await stopCountersigning?.();
  for (const agent of agents) await agent.remove();
  await world?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function person(user: string, home = 'SE'): Promise<AgentProcess> {
  const agent = new AgentProcess({ CORDON_AGENT_LOG: 'debug' });
  agents.push(agent);
  const { link } = await world.operator.code({ user, group: world.group, home });
  await agent.enroll(link);
  agent.run();
  await agent.connected();
  await ready(agent);
  return agent;
}
/** Calls the daemon over its socket, which starts no process. */
async function ask<T>(agent: AgentProcess, request: ControlRequest): Promise<T> {
  const answered = await sendControlRequest(agent.path('agent.sock'), request);
  if (!answered) throw new Error('the agent does not run');
  return answered.ok as T;
}
const status = (agent: AgentProcess) => ask<AgentStatus>(agent, { op: 'status', shown: false });
const ready = (agent: AgentProcess) =>
  until(async () => expect((await status(agent)).messaging.state, agent.log).toBe('ready'), 60_000, 200);
const talks = (agent: AgentProcess) => ask<ConversationView[]>(agent, { op: 'conversations' });
const said = async (agent: AgentProcess, conversation: string) => {
  const all = await ask<MessageView[]>(agent, { op: 'messages', conversation, limit: 500 });
  return all.filter(({ from }) => from !== null);
};
const words = async (agent: AgentProcess, conversation: string) =>
  (await said(agent, conversation)).map(({ text }) => text);
/** All messages: one request to the daemon returns only the newest. */
async function everyWord(agent: AgentProcess, conversation: string): Promise<string[]> {
  const { out } = await agent.cli(['export']);
  const lines = out.split('\n').filter((line) => line !== '');
  const all: (MessageView & { readonly type: string })[] = lines.map((line) => JSON.parse(line));
  return all.flatMap(({ type, from, text, conversation: of }) =>
    type === 'message' && of === conversation && from !== null ? [text] : [],
  );
}
const write = (agent: AgentProcess, conversation: string, text: string) =>
  ask<string>(agent, { op: 'write', conversation, text, files: [] });
async function start(agent: AgentProcess, names: readonly string[], title: string | null): Promise<string> {
  const people: string[] = [];
  for (const name of names) {
    const found = await ask<FoundPerson[]>(agent, { op: 'people', text: name });
    people.push(found.find((one) => one.name === name)?.person ?? `nobody is called ${name}`);
  }
  return ask<string>(agent, { op: 'start', people, title });
}

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
const eventually = (check: () => Promise<void>) => until(check, 40_000, 100);

it('two people write to each other at their command lines, with a file, and the server has no readable copy', async () => {
  const [amina, bilal] = await Promise.all([person('Amina'), person('Bilal')]);
  expect(await cli(amina, 'people', 'bil')).toMatchObject([{ name: 'Bilal' }]);
  // The network determines the message's state when the command ends.
  const state = expect.stringMatching(/^(sent|delivered)$/);
  expect(await send(amina, 'Bilal', 'the budget of the embassy')).toMatchObject({ state, mine: true });
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
    expect(await world.alerts(agent.device)).toEqual([]);
  }
}, 120_000);

it('five people with seven devices: a device that joins reads later messages, and a revoked device does not', async () => {
  const devices = await Promise.all(
    ['Carla', 'Dina', 'Emil', 'Farid', 'Gul', 'Carla', 'Dina'].map((name) => person(name)),
  );
  const [carla, dina, emil] = devices;
  const conversation = await start(carla!, ['Dina', 'Emil', 'Farid', 'Gul'], 'Consulate');
  await write(carla!, conversation, 'one');
  for (const device of devices) {
    await eventually(async () => expect(await words(device, conversation)).toEqual(['one']));
    await eventually(async () => expect(await talks(device)).toMatchObject([{ title: 'Consulate', state: 'ready' }]));
  }
  const late = await person('Emil');
  await eventually(async () => expect(await talks(late)).toMatchObject([{ title: 'Consulate' }]));
  await write(devices[6]!, conversation, 'two');
  await eventually(async () => expect(await words(late, conversation)).toEqual(['two']));

  await world.revoke(emil!.device);
  await emil!.link('revoked');
  await write(dina!, conversation, 'three');
  for (const device of [...devices.filter((one) => one !== emil), late]) {
    await eventually(async () => expect((await words(device, conversation)).at(-1)).toBe('three'));
    expect(await world.alerts(device.device)).toEqual([]);
  }
  expect(await words(emil!, conversation)).not.toContain('three');
  for (const device of devices) await device.stop();
  await late.stop();
}, 300_000);

it('case 50: a help-desk admin of one group cannot add a device to the conversations of another person with the same name', async () => {
  const [hana, ines] = await Promise.all([person('Hana Rahman'), person('Ines')]);
  expect(await send(hana, 'Ines', 'before')).toMatchObject({ mine: true });
  await eventually(async () => expect(await texts(ines)).toEqual(['before']));
  const interns = await world.operator.group('interns', 'SE');
  const { admin, owner } = world.operator;
  const desk = await invite(admin, owner, 'desk', [{ role: 'helpdesk', group: interns }]);
  const [victim] = (await owner.api.call('GET', '/people?text=hana', personPage)).people;
  const refused = { code: 'out_of_scope' };
  for (const group of [interns, world.group]) {
    const wanted = { person: victim?.id, group };
    await expect(desk.api.raw('POST', '/codes', wanted)).rejects.toMatchObject(refused);
  }
  await expect(desk.api.raw('PATCH', `/people/${victim?.id}`, { groups: [interns] })).rejects.toMatchObject({
    code: 'forbidden',
  });
  const known = await desk.api.call('GET', '/people?name=Hana%20Rahman', personPage);
  expect(known.people).toEqual([]);

  // For agents, another person with the same name is a different person.
  const draft = { name: 'HANA  rahman', groups: [interns] };
  const double = await desk.api.call('POST', '/people', personView, draft);
  const { link } = await desk.api.call('POST', '/codes', createdCode, { person: double.id, group: interns });
  const impostor = new AgentProcess({ CORDON_AGENT_LOG: 'debug' });
  agents.push(impostor);
  await impostor.enroll(link);
  impostor.run();
  await impostor.connected();
  await ready(impostor);
  expect(await cli<FoundPerson[]>(ines, 'people', 'hana')).toEqual(
    expect.arrayContaining([
      { person: victim?.id, name: 'Hana Rahman', email: null, groups: ['embassies'] },
      { person: double.id, name: 'HANA  rahman', email: null, groups: ['interns'] },
    ]),
  );
  const ambiguous = await ines.cli(['send', 'Hana Rahman', 'for whom?']);
  expect([ambiguous.code, ambiguous.err]).toEqual([EXIT.usage, expect.stringContaining(double.id)]);
  expect(await send(ines, victim?.id ?? '', 'after')).toMatchObject({ mine: true });
  await eventually(async () => expect(await texts(hana)).toEqual(['before', 'after']));
  expect(await talks(impostor)).toEqual([]);
}, 120_000);

it('agents that are killed with -9 while they write and read lose and repeat no message', async () => {
  const [hana, ivan] = await Promise.all([person('Hana'), person('Ivan')]);
  const conversation = await start(hana, ['Ivan'], null);
  await write(hana, conversation, 'Hana 0');
  await eventually(async () => expect(await words(ivan, conversation)).toEqual(['Hana 0']));
  const kills = Number(process.env['CORDON_FAULTS'] ?? 4);
  const wrote = { Hana: ['Hana 0'], Ivan: [] as string[] };
  const writing = async (agent: AgentProcess, name: 'Hana' | 'Ivan', over: () => boolean) => {
    for (let n = 1; !over(); n += 1) {
      const text = `${name} ${n}`;
      try {
        await write(agent, conversation, text);
        wrote[name].push(text);
      } catch {
        // The agent was killed before the server's response. The message may be stored or not, but not twice.
        await pause(50);
      }
    }
  };
  let over = false;
  const both = Promise.all([writing(hana, 'Hana', () => over), writing(ivan, 'Ivan', () => over)]);
  for (let n = 0; n < kills; n += 1) {
    await pause(200 + Math.random() * 1500);
    const victim = Math.random() < 0.5 ? hana : ivan;
    await victim.kill();
    victim.run();
  }
  await pause(2_000);
  over = true;
  await both;
  for (const agent of [hana, ivan]) {
    for (const name of ['Hana', 'Ivan'] as const) {
      await eventually(async () => {
        const read = (await everyWord(agent, conversation)).filter((text) => text.startsWith(name));
        expect(new Set(read).size).toBe(read.length);
        expect(read.filter((text) => wrote[name].includes(text))).toEqual(wrote[name]);
      });
    }
    expect(await world.alerts(agent.device)).toEqual([]);
  }
  const [one, other] = [await everyWord(hana, conversation), await everyWord(ivan, conversation)];
  expect(one.toSorted()).toEqual(other.toSorted());
  await Promise.all([hana.stop(), ivan.stop()]);
}, 300_000);

it('case 20: an agent that was restored from a copy joins its conversation again', async () => {
  const [jan, kim] = await Promise.all([person('Jan'), person('Kim')]);
  const conversation = await start(jan, ['Kim'], null);
  await write(jan, conversation, 'before');
  await eventually(async () => expect(await words(kim, conversation)).toEqual(['before']));
  await kim.stop();
  const copy = join(folder, 'copy');
  cpSync(kim.home, copy, { recursive: true });
  kim.run();
  await ready(kim);
  await write(kim, conversation, 'after');
  await eventually(async () => expect(await words(jan, conversation)).toEqual(['before', 'after']));
  await kim.kill();
  rmSync(kim.home, { recursive: true });
  cpSync(copy, kim.home, { recursive: true });
  kim.run();
  await ready(kim);
  await eventually(async () => expect(await talks(kim)).toMatchObject([{ state: 'ready' }]));
  await write(kim, conversation, 'again');
  await eventually(async () => expect((await words(jan, conversation)).at(-1)).toBe('again'));
  await write(jan, conversation, 'welcome');
  await eventually(async () => expect(await words(kim, conversation)).toEqual(['before', 'again', 'welcome']));
  await Promise.all([jan.stop(), kim.stop()]);
}, 180_000);

it('a lock makes messages unreadable, an unlock readable again, and a wipe deletes them', async () => {
  const [lea, max] = await Promise.all([person('Lea'), person('Max')]);
  const conversation = await start(lea, ['Max'], 'Plans');
  await write(lea, conversation, 'one');
  await eventually(async () => expect(await words(max, conversation)).toEqual(['one']));
  const command = async (kind: 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace') =>
    world.finished((await world.send(max.device, { kind })).id);
  await command('lock-workspace');
  await write(lea, conversation, 'two');
  expect(await max.cli(['inbox'])).toMatchObject({
    code: EXIT.forbidden,
    err: expect.stringContaining('workspace_locked'),
  });
  expect((await max.cli(['status'])).out).toMatch(/messages +the workspace is locked/);
  await command('unlock-workspace');
  await eventually(async () => expect(await words(max, conversation)).toEqual(['one', 'two']));
  await command('wipe-workspace');
  expect(await max.cli(['inbox'])).toMatchObject({
    code: EXIT.forbidden,
    err: expect.stringContaining('workspace_wiped'),
  });
  await command('unlock-workspace');
  await eventually(async () => expect(await talks(max)).toEqual([]));
  await write(lea, conversation, 'are you there?');
  await eventually(async () => expect(await talks(max)).toMatchObject([{ title: 'Plans', state: 'ready' }]));
  await write(lea, conversation, 'three');
  await eventually(async () => expect((await words(max, conversation)).at(-1)).toBe('three'));
  expect(await words(max, conversation)).not.toContain('one');
  await Promise.all([lea.stop(), max.stop()]);
}, 240_000);

it('an order refuses and holds messages with its number; after its withdrawal held messages arrive once and in order', async () => {
  const noor = await person('Noor');
  const omar = await person('Omar', 'PK');
  const conversation = await start(noor, ['Omar'], null);
  await write(noor, conversation, 'before');
  await eventually(async () => expect(await words(omar, conversation)).toEqual(['before']));
  const { operator } = world;
  const proposed = await operator.propose({
    title: 'Messages in PK',
    areas: ['PK'],
    services: ['messaging'],
    nexus: ['home'],
    travelers: 'deny',
    unknown: 'allow',
    contested: 'allow',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'Messages end.' },
    appeal: 'the high court',
    effective: new Date(Date.now() + 8_000).toISOString(),
  });
  await operator.adopt(proposed);
  const { order } = proposed;
  await eventually(async () => expect((await status(omar)).messaging).toEqual({ state: 'denied', orders: [order] }));

  expect(await omar.cli(['send', 'Noor', 'no'])).toMatchObject({
    code: EXIT.refusedByOrder,
    err: expect.stringMatching(new RegExp(`order ${order}.*the high court.*service_denied`)),
  });
  const held: string[] = [];
  for (const text of ['one', 'two', 'three']) held.push(await write(noor, conversation, text));
  await eventually(async () => {
    for (const message of (await said(noor, conversation)).slice(1)) {
      expect(message).toMatchObject({ state: 'held', order, missed: [{ name: 'Omar', state: 'held', order }] });
    }
  });
  expect(await words(omar, conversation)).toEqual(['before']);
  expect((await omar.cli(['export'])).out).toContain('before');

  await operator.adopt(await operator.act(order, { action: 'withdraw' }));
  await eventually(async () => expect(await words(omar, conversation)).toEqual(['before', 'one', 'two', 'three']));
  await eventually(async () => {
    for (const message of (await said(noor, conversation)).slice(1)) {
      expect(message).toMatchObject({ state: 'delivered', missed: [] });
    }
  });
  await write(omar, conversation, 'after');
  await eventually(async () => expect((await words(noor, conversation)).at(-1)).toBe('after'));
  expect(await world.alerts(omar.device)).toEqual([]);
  expect(await world.alerts(noor.device)).toEqual([]);
}, 240_000);
