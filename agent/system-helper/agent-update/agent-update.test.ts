/** Updates of the agent on the system helper, with the real apt and dpkg on a machine of its own. The packages have no agent in them. */

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Envelope } from '../../../shared/order/documents.ts';
import { createKeyFile } from '../../../shared/order/key-file.ts';
import { AGENT_PACKAGE, type ChannelTarget } from '../../../shared/software/update-channel.ts';
import { aptMachines } from '../../../tests/support/apt-machine.ts';
import { signedPackage, statementFor } from '../../../tests/support/own-packages.ts';
import { SystemHelper } from '../../../tests/support/system-helper.ts';
import { until } from '../../../tests/support/until.ts';

const test = it.skipIf(!aptMachines.present);

const { key } = createKeyFile('the passphrase of a signer');
const { key: stranger } = createKeyFile('the passphrase of a stranger');
const PERMITTED = { settings: ['agent.update-channel'] };
const [BEFORE, AFTER] = [randomUUID(), randomUUID()];
/** Seconds that a test with a rollback waits for the agent. */
const SOON = ['--confirm-within', '1'];

let helper: SystemHelper;
const files = new Map<string, string>();
beforeEach(() => {
  helper = new SystemHelper();
  helper.allow({ allow: [] }, [key.publicKey], PERMITTED);
});
afterEach(async () => {
  files.clear();
  await helper.remove();
});

function built(version: string, { name = AGENT_PACKAGE, postinst = 'true', signer = key } = {}): Envelope {
  const file = helper.machine.build(name, version, { postinst });
  const statement = statementFor(file, name, version);
  files.set(statement.sha256, file);
  return signedPackage(signer, statement);
}
const channel = (current: Envelope, former: readonly Envelope[] = [], revision = 1): ChannelTarget => ({
  channel: 'stable',
  revision,
  packages: [current],
  former: [...former],
});
const installed = () => helper.machine.version(AGENT_PACKAGE);

/** Asks as the agent does: offers what the helper needs, and asks again. */
async function ask(target: ChannelTarget | null, { instance = BEFORE, connected = true } = {}) {
  const request = { op: 'update-agent', target, instance, connected } as const;
  const response = await helper.ask(request);
  if (response.outcome !== 'agent-update' || response.needs.length === 0) return response as { detail: string };
  for (const sha256 of response.needs) {
    const all = [...(target?.former ?? []), ...(target?.packages ?? [])];
    const envelope = all.find(({ payload }) => Buffer.from(payload, 'base64').toString().includes(sha256));
    if (!envelope) throw new Error('the helper needs a package that the channel does not have');
    expect(await helper.ask({ op: 'offer-agent', envelope }, files.get(sha256))).toMatchObject({
      outcome: 'agent-update',
    });
  }
  return (await helper.ask(request)) as { detail: string };
}
const isInstalled = (version: string, target: ChannelTarget) =>
  until(async () => {
    expect(await ask(target, { connected: false })).toMatchObject({ waits: true });
    expect(installed()).toBe(version);
  }, 20_000);

test('installs the version of the channel once, and ends when another process of the agent is connected', async () => {
  const [first, second] = [built('0.2.0'), built('0.3.0')];
  await helper.start();
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const target = channel(second, [first]);
  expect(await ask(target)).toMatchObject({ waits: false, detail: 'The device installs the package.' });
  await isInstalled('0.3.0', target);
  expect(await ask(target)).toMatchObject({ waits: true });
  expect(helper.machine.has('state/agent-update/installing')).toBe(true);
  expect(await ask(target, { instance: AFTER })).toMatchObject({ waits: false, applied: true, detail: '' });
  expect(helper.machine.has('state/agent-update/installing')).toBe(false);
  expect(helper.machine.log(AGENT_PACKAGE)).toEqual(['upgrade 0.2.0 0.3.0']);

  // A channel with an earlier version changes nothing, unless it had the installed version before.
  expect(await ask(channel(first, [], 2), { instance: AFTER })).toMatchObject({ detail: '' });
  const back = channel(first, [second], 3);
  await ask(back, { instance: AFTER });
  await isInstalled('0.2.0', back);
}, 60_000);

test('updates although a signer of an earlier package is no longer permitted, and then has no copy to return to', async () => {
  const [first, second] = [built('0.2.0', { signer: stranger }), built('0.3.0')];
  await helper.start(SOON);
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const target = channel(second, [first]);
  expect(await ask(target)).toMatchObject({ detail: 'The device installs the package.' });
  await until(() => expect(helper.log).toContain('The device could not return to 0.2.0.'), 30_000);
  expect(installed()).toBe('0.3.0');
  expect(await ask(target)).toMatchObject({ waits: false, detail: '' });
}, 60_000);

test('returns to the former version if no new agent connects, and tries the version again after another publication', async () => {
  const [first, second] = [built('0.2.0'), built('0.3.0')];
  await helper.start(SOON);
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const target = channel(second, [first]);
  await ask(target);
  await until(async () => {
    const { detail } = await ask(target);
    expect(detail).toMatch(/^The agent 0\.3\.0 did not connect within 1 minute\. The device returned to 0\.2\.0\.$/);
  }, 30_000);
  expect(installed()).toBe('0.2.0');
  const upgrades = () => helper.machine.log(AGENT_PACKAGE).filter((line) => line === 'upgrade 0.2.0 0.3.0').length;
  expect(upgrades()).toBe(1);
  await ask(channel(second, [first], 2));
  await until(() => expect(upgrades()).toBe(2), 30_000);
}, 60_000);

test('has one installed version after kill -9 in the middle, and still waits for the new agent', async () => {
  const [started, go] = [helper.machine.path('started'), helper.machine.path('go')];
  const postinst = `touch ${started}; while [ ! -e ${go} ]; do sleep 0.05; done`;
  const [first, second] = [built('0.2.0'), built('0.3.0', { postinst })];
  await helper.start();
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const target = channel(second, [first]);
  await ask(target);
  await until(() => expect(helper.machine.has('started')).toBe(true), 30_000);
  await helper.kill();
  expect(installed()).toBeNull();
  writeFileSync(go, '');
  await helper.start();
  await isInstalled('0.3.0', target);
  expect(await ask(target, { instance: AFTER })).toMatchObject({ waits: false, applied: true });
}, 60_000);

test('keeps the former version if the scripts of the package fail', async () => {
  const [first, second] = [built('0.2.0'), built('0.3.0', { postinst: 'exit 1' })];
  await helper.start();
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const target = channel(second, [first]);
  await ask(target);
  await until(async () => {
    const { detail } = await ask(target);
    expect(detail).toMatch(/^The earlier versions are restored\. apt-get failed\./);
  }, 30_000);
  expect(installed()).toBe('0.2.0');
}, 60_000);

test('refuses what the owner of the device does not permit, another signer, and a package that is not the agent', async () => {
  const [first, second] = [built('0.2.0'), built('0.3.0')];
  helper.allow({ allow: [] }, [key.publicKey]);
  await helper.start();
  helper.machine.run('dpkg', '--install', helper.machine.path(`build/${AGENT_PACKAGE}-0.2.0.deb`));
  const detail = expect.stringContaining('The owner of the device does not permit updates of the agent.');
  expect(await ask(channel(second, [first]))).toMatchObject({ outcome: 'agent-update', needs: [], detail });
  expect(await helper.ask({ op: 'offer-agent', envelope: second }, files.values().next().value)).toMatchObject({
    outcome: 'failed',
    code: 'not_permitted',
  });
  await helper.kill();
  helper.allow({ allow: [] }, [key.publicKey], PERMITTED);
  await helper.start();
  for (const wrong of [built('0.4.0', { signer: stranger }), built('1.0', { name: 'cordon-other' })]) {
    expect(await ask(channel(wrong))).toMatchObject({ outcome: 'failed', code: 'not_permitted' });
  }
  expect(installed()).toBe('0.2.0');
}, 60_000);
