/** Scripts from the author to the output, on a real server and a real agent: the switch, the review, the run and the withdrawal. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { commandView, issuedToMany } from '../../shared/api/commands.ts';
import { jobDeviceList, jobView } from '../../shared/api/jobs.ts';
import {
  type ScriptVersionView,
  scriptOutput,
  scriptSettings,
  scriptVersionList,
  scriptVersionView,
  scriptView,
} from '../../shared/api/scripts.ts';
import { signScriptPayload } from '../../shared/order/approver-key.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type Approver, invite, type Person } from '../support/people.ts';
import { until } from '../support/until.ts';

let world: World;
let agent: AgentProcess;
/** Writes the scripts. The owner cannot, because the owner created the accounts of the reviewers. */
let fleet: Person;

beforeAll(async () => {
  world = await openWorld();
  fleet = await invite(world.operator.admin, world.operator.owner, 'fleet', [{ role: 'fleet' }]);
  agent = await world.enrolled();
  agent.run();
  await agent.connected();
  // The agent verifies scripts with the approver set that it has fetched.
  await until(async () => expect((await agent.status()).approverSet).toBe(1), 20_000);
}, 120_000);
afterAll(() => world?.remove());

const CONTENT = {
  purpose: 'Checks the output',
  interpreter: 'sh',
  seconds: 60,
  memory: 256,
  output: 64,
  days: 30,
} as const;

const call = <S extends z.ZodType>(who: Person, method: 'GET' | 'POST', path: string, schema: S, body?: unknown) =>
  world.operator.as(who, method, path, schema, body);

async function write(
  who: Person,
  name: string,
  text: string,
  declared: readonly string[] = [],
): Promise<ScriptVersionView> {
  const { id } = await call(who, 'POST', '/scripts', scriptView, {
    ...CONTENT,
    name,
    text,
    arguments: declared,
  });
  const { versions } = await call(who, 'GET', `/scripts/${id}/versions`, scriptVersionList);
  const [version] = versions;
  if (!version) throw new Error('the script has no version');
  return version;
}

const review = (who: Approver, { script, version, payload, digest }: ScriptVersionView) =>
  call(who, 'POST', `/scripts/${script}/versions/${version}/reviews`, scriptVersionView, {
    digest,
    keyid: who.key.keyid,
    signature: signScriptPayload(who.key, payload),
  });

const run = ({ script, version }: ScriptVersionView, more: object = {}) =>
  call(world.operator.owner, 'POST', '/commands', issuedToMany, {
    command: { kind: 'run-script', script, version, ...more },
    devices: [agent.device],
  });

async function commandOf(job: string) {
  const { devices } = await call(world.operator.owner, 'GET', `/jobs/${job}/devices`, jobDeviceList);
  return devices[0]?.command ?? '';
}

async function outputOf(command: string): Promise<z.output<typeof scriptOutput>> {
  let text = '';
  for (let from = 0; ; ) {
    const page = await call(world.operator.owner, 'GET', `/commands/${command}/output?from=${from}`, scriptOutput);
    text += page.text;
    if (page.next === from) return { ...page, text };
    from = page.next;
  }
}

it('a script runs only if scripts are on and another person has reviewed the exact version', async () => {
  const { owner, approvers } = world.operator;
  const [ada, ben] = approvers;
  if (!ada || !ben) throw new Error('an approver is missing');
  const version = await write(fleet, 'Echo', 'echo "Hello $1"', ['name: word']);
  await expect(run(version)).rejects.toMatchObject({ code: 'scripts_off' });
  // A token cannot switch scripts on. A session can.
  await expect(call(owner, 'POST', '/script-settings', scriptSettings, { on: true })).rejects.toMatchObject({
    code: 'step_up_required',
  });
  await owner.browser.call('POST', '/script-settings', scriptSettings, { on: true });
  await expect(run(version)).rejects.toMatchObject({ code: 'script_unreviewed' });
  await expect(review({ ...ada, key: ben.key }, version)).rejects.toMatchObject({ code: 'forbidden' });
  await expect(review(ada, { ...version, payload: version.payload.replace('64', '65') })).rejects.toMatchObject({
    code: 'approval_invalid',
  });
  expect(await review(ada, version)).toMatchObject({ state: 'reviewed', reviews: [{ name: 'ada' }] });

  for (const values of [undefined, ['a b'], ['a', 'b']]) {
    await expect(run(version, { arguments: values })).rejects.toMatchObject({ code: 'script_refused' });
  }
  const { id } = await run(version, { arguments: ['world'] });
  const command = await commandOf(id);
  expect(await world.finished(command)).toMatchObject({ state: 'done' });
  expect(await outputOf(command)).toMatchObject({ text: 'Hello world\n', ended: true });
  expect((await call(owner, 'GET', `/jobs/${id}`, jobView)).counts.done).toBe(1);
  expect((await agent.cli(['privacy'])).out).toContain('Echo (version 1): Succeeded');
}, 60_000);

it('the output is readable while the script runs, and survives a lost connection', async () => {
  const { approvers } = world.operator;
  const [ada] = approvers;
  if (!ada) throw new Error('an approver is missing');
  const gate = agent.path('../go-on');
  const version = await write(fleet, 'Slow', 'echo first; while [ ! -e "$1" ]; do sleep 0.1; done; echo second', [
    'gate: text',
  ]);
  await review(ada, version);
  const { id } = await run(version, { arguments: [gate] });
  const command = await commandOf(id);
  await until(async () => expect(await outputOf(command)).toMatchObject({ text: 'first\n', ended: false }), 20_000);
  await world.server.stop();
  const { writeFileSync, rmSync } = await import('node:fs');
  writeFileSync(gate, '');
  await world.server.start();
  expect(await world.finished(command, 60_000)).toMatchObject({ state: 'done' });
  expect((await outputOf(command)).text).toBe('first\nsecond\n');
  rmSync(gate);
}, 120_000);

it('a withdrawn version runs on no further device, and the server cancels its commands', async () => {
  const { owner, approvers } = world.operator;
  const [ada] = approvers;
  if (!ada) throw new Error('an approver is missing');
  const version = await write(fleet, 'Old', 'echo old');
  await review(ada, version);
  await agent.stop();
  const { id } = await run(version);
  const command = await commandOf(id);
  const path = `/scripts/${version.script}/versions/1/withdrawal`;
  expect(await call(ada, 'POST', path, scriptVersionView)).toMatchObject({ state: 'withdrawn' });
  await expect(run(version)).rejects.toMatchObject({ code: 'script_unreviewed' });
  agent.run();
  await agent.connected();
  await until(async () => {
    expect((await call(owner, 'GET', `/commands/${command}`, commandView)).state).toBe('canceled');
  }, 20_000);
  expect(await outputOf(command)).toMatchObject({ text: '' });
}, 60_000);
