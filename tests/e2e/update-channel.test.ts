/** Update channel of the agent: published by an admin, installed by a real agent and system helper, and moved back. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandView } from '../../shared/api/commands.ts';
import { deviceComplianceView } from '../../shared/api/compliance.ts';
import { packageView } from '../../shared/api/packages.ts';
import { policyView } from '../../shared/api/policies.ts';
import { updateChannelList } from '../../shared/api/update-channels.ts';
import { done } from '../../shared/api/wire.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { pae } from '../../shared/order/pae.ts';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import { adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { aptMachines } from '../support/apt-machine.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { invite, type Person } from '../support/people.ts';
import { SystemHelper } from '../support/system-helper.ts';
import { until } from '../support/until.ts';

const test = it.skipIf(!aptMachines.present);

let world: World;
let helper: SystemHelper;
let agent: AgentProcess;
/** Uploads and publishes. The owner cannot, because the owner created the account of the signer. */
let fleet: Person;
const files: Record<string, string> = {};
/** SHA-256 of each version's package. */
const digests: Record<string, string> = {};

beforeAll(async () => {
  helper = new SystemHelper();
  // The packages have no agent in them. The programs of this test continue to run, and the test restarts them as the package would.
  for (const version of ['0.2.0', '0.3.0']) files[version] = helper.machine.build(AGENT_PACKAGE, version);
  files['other'] = helper.machine.build('cordon-other', '1.0');
  helper.machine.run('dpkg', '--install', files['0.2.0'] ?? '');
  world = await openWorld();
  fleet = await invite(world.operator.admin, world.operator.owner, 'fleet', [{ role: 'fleet' }]);
  helper.allow({ allow: [] }, [ada().key.publicKey], { settings: ['agent.update-channel'] });
  await helper.start();
  agent = await world.enrolled({ ...helper.machine.env, CORDON_AGENT_SYSTEM_SOCKET: helper.socket });
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(async () => {
  await world?.remove();
  await helper?.remove();
});

function ada() {
  const [first] = world.operator.approvers;
  if (!first) throw new Error('there is no approver');
  return first;
}
async function upload(name: string, version: string, file = files[version] ?? '') {
  const path = `/packages?name=${name}&version=${version}&architecture=all`;
  return fleet.api.call('POST', path, packageView, readFileSync(file));
}
async function sign({ sha256, statement }: { sha256: string; statement: string }) {
  const { key } = ada();
  const signature = key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(statement))).toString('base64');
  await world.operator.as(ada(), 'POST', `/packages/${sha256}/signature`, packageView, { keyid: key.keyid, signature });
}
const publish = (sha256: string, channel = 'stable') =>
  fleet.browser.call('POST', `/update-channels/${channel}/publications`, updateChannelList, { sha256 });
const channel = async () => {
  const { channels } = await world.operator.as(world.operator.owner, 'GET', '/update-channels', updateChannelList);
  const found = channels.find((each) => each.channel === 'stable');
  if (!found) throw new Error('the channel is missing');
  const current = found.publications.filter((each) => each.current).map(({ version }) => version);
  return { current, devices: found.devices, met: found.met, notMet: found.notMet };
};
/** Waits until the server shows this result of the setting. Each attempt lets the agent check again. */
const result = (expected: { status: string; detail?: unknown; applied?: boolean }) =>
  until(
    async () => {
      const { as, owner } = world.operator;
      const command = { kind: 'refresh-inventory' };
      await as(owner, 'POST', `/devices/${agent.device}/commands`, commandView, { command });
      const { settings } = await as(owner, 'GET', `/devices/${agent.device}/compliance`, deviceComplianceView);
      const found = settings.find(({ setting }) => setting === 'agent.update-channel');
      expect(found).toMatchObject(expected);
    },
    60_000,
    500,
  );
/** Ends the agent and starts it again, as the scripts of the package do. */
async function restart() {
  await agent.kill();
  agent.run();
  await agent.connected();
}

test('publishes only a signed package of the agent, and keeps it while the channel has it', async () => {
  for (const version of ['0.2.0', '0.3.0']) {
    const stored = await upload(AGENT_PACKAGE, version);
    digests[version] = stored.sha256;
    if (version === '0.2.0') await expect(publish(stored.sha256)).rejects.toMatchObject({ code: 'conflict' });
    await sign(stored);
  }
  const other = await upload('cordon-other', '1.0', files['other']);
  await sign(other);
  await expect(publish(other.sha256)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(publish('0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
  await publish(digests['0.2.0'] ?? '');
  await expect(publish(digests['0.2.0'] ?? '')).rejects.toMatchObject({ code: 'conflict' });
  const { as, owner } = world.operator;
  await expect(as(owner, 'DELETE', `/packages/${digests['0.2.0']}`, done)).rejects.toMatchObject({ code: 'conflict' });
  await expect(
    as(ada(), 'POST', '/update-channels/early/publications', updateChannelList, { sha256: digests['0.3.0'] }),
  ).rejects.toMatchObject({ code: 'forbidden' });
  expect(await channel()).toEqual({ current: ['0.2.0'], devices: 0, met: 0, notMet: 0 });
});

test('a device on the channel installs a published version once, and goes back when an admin moves the channel back', async () => {
  const { owner, as } = world.operator;
  const document = { settings: { 'agent.update-channel': 'stable' }, compliance: { graceHours: 0, actions: [] } };
  const { id } = await as(owner, 'POST', '/policies', policyView, { name: 'Agents', document });
  await owner.browser.call('POST', `/policies/${id}/rollout`, policyView, { version: 1, percent: 100 });
  await owner.browser.call('POST', `/policies/${id}/groups`, policyView, { groups: [world.group] });
  await result({ status: 'met', detail: 'The agent has 0.2.0, as the channel stable.' });

  await publish(digests['0.3.0'] ?? '');
  await until(() => expect(helper.machine.version(AGENT_PACKAGE)).toBe('0.3.0'), 60_000);
  // The present process of the agent does not prove that the new version works.
  await result({ status: 'met' });
  expect(helper.machine.has('state/agent-update/installing')).toBe(true);
  await restart();
  await result({ status: 'met', detail: 'The agent has 0.3.0, as the channel stable.', applied: true });
  await until(() => expect(helper.machine.has('state/agent-update/installing')).toBe(false), 20_000);
  await until(
    async () => expect(await channel()).toEqual({ current: ['0.3.0'], devices: 1, met: 1, notMet: 0 }),
    20_000,
  );

  const cli = adminCli(world.operator.admin, helper.machine.folder, { CORDON_TOKEN: fleet.token });
  await cli.json(['packages', 'publish', digests['0.2.0'] ?? '', '--channel', 'stable']);
  await until(() => expect(helper.machine.version(AGENT_PACKAGE)).toBe('0.2.0'), 60_000);
  await restart();
  await result({ status: 'met', detail: 'The agent has 0.2.0, as the channel stable.', applied: true });
  expect(helper.machine.log(AGENT_PACKAGE)).toEqual(['upgrade 0.2.0 0.3.0', 'upgrade 0.3.0 0.2.0']);
}, 180_000);
