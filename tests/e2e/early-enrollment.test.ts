/** One admin enrolls a device before any approver exists. Once an approver set exists, the device enforces orders. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { commandView } from '../../shared/api/commands.ts';
import { deviceDetail } from '../../shared/api/devices.ts';
import { groupView } from '../../shared/api/groups.ts';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { createCodes } from '../support/codes.ts';
import { adoptApproverSet, firstOwner, invite, inviteApprover, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { TERMS } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';

let server: ServerProcess;
let agent: AgentProcess;
let owner: Person;

beforeAll(async () => {
  server = await startServerProcess({});
  owner = await firstOwner(server.admin, server.firstOwner);
}, 120_000);
afterAll(async () => {
  await agent?.remove();
  await server?.remove();
});

const setup = async () => {
  const { setup: steps } = await owner.api.call('GET', '/overview', overviewView);
  return (steps ?? []).filter(({ done }) => done).map(({ step }) => step);
};
const messagingOpen = async () => {
  const { out } = await agent.cli(['status', '--json']);
  const { gates } = z
    .object({ gates: z.array(z.object({ service: z.string(), open: z.boolean() })) })
    .parse(JSON.parse(out));
  return gates.some(({ service, open }) => service === 'messaging' && open);
};

it('an admin manages a device before approvers exist, while the device exchanges no messages', async () => {
  expect(await setup()).toEqual(['owner_secured']);
  const { id: group } = await owner.api.call('POST', '/groups', groupView, { name: 'first' });
  const { link } = await createCodes(owner.api)({ user: 'Zoe', group, home: 'SE' });
  expect(await setup()).toEqual(['owner_secured', 'activation_code']);
  agent = new AgentProcess({});
  await agent.enroll(link);
  agent.run();
  await agent.connected();
  const { id } = await owner.api.call('POST', `/devices/${agent.device}/commands`, commandView, {
    command: { kind: 'refresh-inventory' },
  });
  await until(async () => {
    expect((await owner.api.call('GET', `/commands/${id}`, commandView)).state).toBe('done');
  }, 20_000);
  expect(await setup()).toEqual(['owner_secured', 'activation_code', 'device_connected']);
  expect(await messagingOpen()).toBe(false);
  const { presence } = await owner.api.call('GET', `/devices/${agent.device}`, deviceDetail);
  expect(presence).toMatchObject({ connected: true, listVersion: 0 });
}, 90_000);

it('the device accepts approver set, list and record once two people have adopted the set, and enforces an order', async () => {
  const proposer = await invite(server.admin, owner, 'proposer');
  const approvers = [
    await inviteApprover(server.admin, owner, 'ada'),
    await inviteApprover(server.admin, owner, 'ben'),
  ];
  await adoptApproverSet(owner, approvers);
  await until(async () => expect(await messagingOpen()).toBe(true), 30_000);
  expect(await setup()).toContain('approver_set');
  const terms = { ...TERMS, areas: ['SE'], nexus: ['home'], effective: new Date(Date.now() + 4_000).toISOString() };
  const { order } = await proposer.api.call('POST', '/orders', revisionView, { ...terms, zone: 'UTC' });
  for (const { api, key } of approvers) {
    const { payload } = await api.call('GET', `/orders/${order}/revisions/1`, revisionView);
    await api.call(
      'POST',
      `/orders/${order}/revisions/1/approvals`,
      z.unknown(),
      approvalOf(key, payload, { immediate: Date.now() > Date.parse(terms.effective) }),
    );
  }
  await until(async () => {
    const progress = await owner.api.call('GET', `/orders/${order}/rollout`, orderRollout);
    expect(progress).toMatchObject({ total: 1, states: { enforced: 1 } });
  }, 30_000);
}, 120_000);
