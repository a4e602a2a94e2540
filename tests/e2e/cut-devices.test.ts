/**
 * Case 57, device: cables of real agents are cut and mended. One device loses both directions, one only receiving, and one only sending.
 * Meanwhile the server sends orders, commands and messages. A cut drops packets without a message to either end.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { AgentStatus } from '../../agent/agent.ts';
import { type ControlRequest, sendControlRequest } from '../../agent/control/control.ts';
import type { ConversationView, FoundPerson, MessageView } from '../../agent/messaging/messaging.ts';
import { receiptList } from '../../shared/api/affected-devices.ts';
import type { revisionView } from '../../shared/api/orders.ts';
import { PING_EVERY } from '../../shared/protocol/frames.ts';
import { AgentProcess } from '../support/agent-process.ts';
import {
  type CutNetwork,
  cutNetworks,
  type Direction,
  establishedWith,
  openCutNetwork,
} from '../support/cut-network.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { foundOrganization } from '../support/organization.ts';
import { until } from '../support/until.ts';

/** Two heartbeats (ARCHITECTURE.md), and a margin for a busy machine. */
const OFFLINE_WITHIN = 2 * PING_EVERY + 30_000;
const ALL_WITHIN = 60_000;
/**
 * Time from the proposal to the effective time. It must suffice for two approvals, and for each device to store the order before its cut.
 */
const AHEAD = 40_000;

interface Machine {
  readonly cut: Direction;
  readonly user: string;
  network: CutNetwork;
  agent: AgentProcess;
}

describe.skipIf(!cutNetworks.present)('case 57: a device whose network is cut', { timeout: 300_000 }, () => {
  let world: World;
  let stopCountersigning: () => Promise<void>;
  let colleague: AgentProcess;
  const agents: AgentProcess[] = [];
  const networks: CutNetwork[] = [];
  const machines: Machine[] = [];
  type Order = z.output<typeof revisionView>;
  let before: Order;
  let during: Order;
  const conversations = new Map<string, string>();
  const commands = new Map<string, { readonly id: string; readonly text: string }[]>();

  beforeAll(async () => {
    const machineCuts: Direction[] = ['both', 'received', 'sent'];
    for (const _ of machineCuts) networks.push(openCutNetwork());
    const near = networks[0]?.near ?? '';
    world = await openWorld({ CORDON_BIND: near, CORDON_NAMES: near });
    const organization = await foundOrganization(world.operator.owner, world.operator.approvers);
    stopCountersigning = organization.keepCountersigning();
    for (const [index, cut] of machineCuts.entries()) {
      const network = networks[index];
      if (!network) throw new Error('a machine without a network');
      const user = `Behind ${cut}`;
      machines.push({ cut, user, network, agent: await person(user, network.inside) });
    }
    colleague = await person('Colleague', []);
    await Promise.all([...machines.map(({ agent }) => ready(agent)), ready(colleague)]);
    for (const { user, agent } of machines) conversations.set(user, await talkWith(agent, user));
  }, 240_000);
  afterAll(async () => {
    await stopCountersigning?.();
    for (const agent of agents) await agent.remove();
    await world?.remove();
    for (const network of networks) network.remove();
  });

  async function person(user: string, inside: readonly string[]): Promise<AgentProcess> {
    const agent = new AgentProcess({}, undefined, undefined, inside);
    agents.push(agent);
    await agent.enroll((await world.operator.code({ user, group: world.group, home: 'SE' })).link);
    agent.run();
    await agent.connected();
    return agent;
  }
  async function ask<T>(agent: AgentProcess, request: ControlRequest): Promise<T> {
    const answered = await sendControlRequest(agent.path('agent.sock'), request);
    if (!answered) throw new Error('the agent does not run');
    return answered.ok as T;
  }
  const status = (agent: AgentProcess) => ask<AgentStatus>(agent, { op: 'status', shown: false });
  const ready = (agent: AgentProcess) =>
    until(async () => expect((await status(agent)).messaging.state).toBe('ready'), ALL_WITHIN, 200);
  const write = (agent: AgentProcess, conversation: string, text: string) =>
    ask<string>(agent, { op: 'write', conversation, text, files: [] });
  const heard = async (agent: AgentProcess, conversation: string) => {
    const all = await ask<MessageView[]>(agent, { op: 'messages', conversation, limit: 500 });
    return all.filter(({ from, mine }) => from !== null && !mine).map(({ text }) => text);
  };
  async function talkWith(agent: AgentProcess, user: string): Promise<string> {
    const found = await ask<FoundPerson[]>(colleague, { op: 'people', text: user });
    const people = [found.find(({ name }) => name === user)?.person ?? user];
    const conversation = await ask<string>(colleague, { op: 'start', people, title: null });
    await write(colleague, conversation, 'hello');
    await until(async () => expect(await heard(agent, conversation)).toEqual(['hello']), ALL_WITHIN);
    await until(async () => expect(await ask<ConversationView[]>(agent, { op: 'conversations' })).toHaveLength(1));
    return conversation;
  }
  async function adopt(title: string, services: readonly string[], effective: number): Promise<Order> {
    const proposed = await world.operator.propose({
      title,
      services,
      areas: ['SE'],
      nexus: ['home'],
      effective: new Date(effective).toISOString(),
      unknown: 'deny',
      contested: 'deny',
      travelers: 'deny',
      authority: 'Regulator',
      addressee: 'operators',
      instrument: 'directive 1',
      statement: { en: title },
    });
    await world.operator.adopt(proposed);
    return proposed;
  }
  const isOpen = async (agent: AgentProcess, service: string) =>
    (await status(agent)).gates.find((gate) => gate.service === service)?.open;
  const connected = async ({ device }: AgentProcess) => (await world.device(device)).presence?.connected;
  async function receipts(order: Order, { device }: AgentProcess): Promise<string[]> {
    const { owner, as } = world.operator;
    const path = `/orders/${order.order}/receipts?device=${device}`;
    const { receipts: all } = await as(owner, 'GET', path, receiptList);
    return all.map(({ kind, service, gate, notice }) => [kind, service, gate, notice].filter(Boolean).join(' '));
  }
  const shown = (agent: AgentProcess) =>
    agent.query('select text from admin_message order by at, id').map(({ text }) => text);

  it('appears as offline after two heartbeats, and enforces its stored order', async () => {
    before = await adopt('Held before the cut', ['mail'], Date.now() + AHEAD);
    for (const { agent } of machines) {
      await until(async () => expect(await receipts(before, agent)).toEqual(['delivered']));
      expect(await isOpen(agent, 'mail')).toBe(true);
    }
    const held = await Promise.all(machines.map(async ({ agent }) => (await status(agent)).list));
    for (const { network, cut } of machines) network.cut(cut);
    during = await adopt('Adopted during the cut', ['enrollment'], Date.now() + 1_000);
    for (const { agent, user } of machines) {
      const texts = ['first', 'second', 'third'];
      const sent: { id: string; text: string }[] = [];
      for (const text of texts) sent.push({ id: (await world.send(agent.device, { kind: 'message', text })).id, text });
      commands.set(user, sent);
      const conversation = conversations.get(user) ?? '';
      for (const text of texts) await write(colleague, conversation, text);
      await write(agent, conversation, `from the machine behind ${user}`);
    }
    for (const { agent } of machines) {
      await until(async () => expect(await isOpen(agent, 'mail')).toBe(false), AHEAD + ALL_WITHIN);
    }
    for (const { agent } of machines) {
      await until(async () => expect(await connected(agent)).toBe(false), OFFLINE_WITHIN, 250);
    }
    // The device without a network has received nothing, and the server nothing from it.
    const [{ agent: dark }] = machines as [Machine];
    expect((await status(dark)).list).toBe(held[0]);
    expect(await receipts(before, dark)).toEqual(['delivered']);
    expect(shown(dark)).toEqual([]);
    expect(await connected(colleague)).toBe(true);
  });

  it('reconnects by itself with the newest list; every receipt, command and message arrives once and in order', async () => {
    for (const { network } of machines) network.mend();
    const { list: newest } = await status(colleague);
    for (const { agent, user } of machines) {
      await agent.connected(ALL_WITHIN);
      await until(async () => expect(await connected(agent)).toBe(true), ALL_WITHIN);
      await until(async () => expect((await status(agent)).list).toBe(newest), ALL_WITHIN);
      for (const { id } of commands.get(user) ?? []) {
        const { state } = await world.finished(id, ALL_WITHIN);
        expect(state).toBe('done');
      }
      expect(shown(agent).sort()).toEqual(['first', 'second', 'third']);
      await until(async () => expect((await status(agent)).unsent).toBe(0), ALL_WITHIN);
      // The server verifies receipts some time after it has stored them, and lists only verified receipts.
      await until(async () => {
        expect((await receipts(before, agent)).sort()).toEqual([
          'delivered',
          'delivered effective',
          'enforced mail closed',
        ]);
        expect((await receipts(during, agent)).sort()).toEqual([
          'delivered',
          'delivered effective',
          'enforced enrollment closed',
        ]);
      }, ALL_WITHIN);
      const conversation = conversations.get(user) ?? '';
      await until(async () => {
        expect(await heard(agent, conversation)).toEqual(['hello', 'first', 'second', 'third']);
        expect(await heard(colleague, conversation)).toEqual([`from the machine behind ${user}`]);
      }, ALL_WITHIN);
      expect(await world.alerts(agent.device)).toEqual([]);
    }
  });

  it('connects from another address while the server still has its old connection', async () => {
    const [{ agent, network }] = machines as [Machine];
    const old = network.far;
    expect(establishedWith(old)).toBeGreaterThan(0);
    network.cut('both');
    await agent.kill();
    network.move();
    network.mend();
    // The machine has left its old address, so neither end closes that connection.
    expect(establishedWith(old)).toBeGreaterThan(0);
    agent.run();
    await agent.connected();
    const { presence } = await world.device(agent.device);
    expect(presence).toMatchObject({ connected: true, address: network.far });
    expect(network.far).not.toBe(old);
    const { id } = await world.send(agent.device, { kind: 'refresh-inventory' });
    expect((await world.finished(id)).state).toBe('done');
    // The server closes the old connection itself. The end of the old connection does not affect the new one.
    await until(() => expect(establishedWith(old)).toBe(0), OFFLINE_WITHIN);
    expect((await world.device(agent.device)).presence).toMatchObject({ connected: true, address: network.far });
  });
});
