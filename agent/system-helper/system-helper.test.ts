/** The system helper as a process, with the real apt and dpkg on a machine of its own. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { SoftwareChange } from '../../shared/software/software-change.ts';
import { aptMachines } from '../../tests/support/apt-machine.ts';
import { runProgram } from '../../tests/support/run-program.ts';
import { HELPER_ENTRY, SystemHelper } from '../../tests/support/system-helper.ts';
import { until } from '../../tests/support/until.ts';
import { type ChangeRequest, GREETING, type HelperRequest, tokenFile } from './requests.ts';

const test = it.skipIf(!aptMachines.present);

let helper: SystemHelper;
beforeAll(async () => {
  helper = new SystemHelper();
  helper.allow({ allow: ['cordon-*'], deny: ['cordon-secret'] });
  helper.machine.publish('cordon-lib', '1.0');
  for (const version of ['1.0', '2.0']) helper.machine.publish('cordon-demo', version, { depends: 'cordon-lib' });
  await helper.start();
}, 60_000);
afterAll(() => helper?.remove());

const change = (
  action: SoftwareChange['action'],
  packages: SoftwareChange['packages'],
  more: Partial<ChangeRequest> = {},
): ChangeRequest =>
  ({
    op: 'change',
    attempt: newCommandId(),
    change: randomUUID(),
    manager: 'apt',
    action,
    packages,
    ...more,
  }) as ChangeRequest;
const back = (of: ChangeRequest): ChangeRequest => ({
  op: 'roll-back',
  attempt: newCommandId(),
  change: randomUUID(),
  of: of.change,
});
const versions = () => ['cordon-demo', 'cordon-lib'].map((name) => helper.machine.version(name));

test('installs with dependencies, updates, removes and rolls back each change', async () => {
  const { ask } = helper;
  const install = change('install', [{ name: 'cordon-demo', version: '1.0' }]);
  expect(await ask(install)).toMatchObject({
    outcome: 'done',
    detail: 'cordon-lib 1.0 installed, cordon-demo 1.0 installed.',
  });
  expect(versions()).toEqual(['1.0', '1.0']);
  expect(await ask(change('install', [{ name: 'cordon-demo' }]))).toMatchObject({ detail: 'No change was necessary.' });

  const update = change('update', [{ name: 'cordon-demo' }]);
  expect(await ask(update)).toMatchObject({ outcome: 'done', detail: 'cordon-demo 1.0 → 2.0.' });
  // The first change can only be rolled back after the second.
  expect(await ask(back(install))).toMatchObject({ outcome: 'failed', code: 'conflict' });
  expect(await ask(back(update))).toMatchObject({ outcome: 'done', detail: 'cordon-demo 2.0 → 1.0.' });
  expect(versions()).toEqual(['1.0', '1.0']);

  const remove = change('remove', [{ name: 'cordon-demo' }]);
  expect(await ask(remove)).toMatchObject({ outcome: 'done', detail: 'cordon-demo 1.0 removed.' });
  expect(versions()).toEqual([null, '1.0']);
  expect(await ask(back(remove))).toMatchObject({ outcome: 'done', detail: 'cordon-demo 1.0 installed.' });
  expect(await ask(back(install))).toMatchObject({
    outcome: 'done',
    detail: 'cordon-demo 1.0 removed, cordon-lib 1.0 removed.',
  });
  expect(versions()).toEqual([null, null]);
  expect(await ask(back(install))).toMatchObject({ outcome: 'done', detail: 'No change was necessary.' });
}, 60_000);

test('makes a repeated request once, and refuses another request with the same id', async () => {
  const { ask, machine } = helper;
  const before = machine.log('cordon-lib').length;
  const install = change('install', [{ name: 'cordon-lib' }]);
  const [first, second] = await Promise.all([ask(install), ask(install)]);
  expect(second).toEqual(first);
  expect(await ask({ ...install, attempt: newCommandId() })).toEqual(first);
  expect(machine.log('cordon-lib').slice(before)).toEqual(['install <none> 1.0']);
  const other = change('remove', [{ name: 'cordon-lib' }], { change: install.change });
  expect(await ask(other)).toMatchObject({ outcome: 'failed', code: 'conflict' });
  await ask(back(install));
  expect(machine.version('cordon-lib')).toBeNull();
}, 60_000);

test('restores the earlier version if a package fails, and reports the failure', async () => {
  const { ask, machine } = helper;
  machine.publish('cordon-frail', '1.0');
  machine.publish('cordon-frail', '2.0', { postinst: 'echo "the database is missing" >&2; exit 1' });
  const first = change('install', [{ name: 'cordon-frail', version: '1.0' }]);
  expect(await ask(first)).toMatchObject({ outcome: 'done' });
  const broken = await ask(change('update', [{ name: 'cordon-frail' }]));
  expect(broken).toMatchObject({ outcome: 'failed', code: 'failed' });
  expect('detail' in broken && broken.detail).toMatch(
    /^The earlier versions are restored\. apt-get failed\..*cordon-frail/,
  );
  expect(machine.version('cordon-frail')).toBe('1.0');
  // A package that fails at its first installation is removed again.
  expect(await ask(back(first))).toMatchObject({ outcome: 'done' });
  expect(await ask(change('install', [{ name: 'cordon-frail' }]))).toMatchObject({ outcome: 'failed' });
  expect(machine.version('cordon-frail')).toBeNull();
  expect(machine.has('opt/cordon-frail')).toBe(false);
}, 60_000);

test('completes a change after kill -9 of the helper and of apt, and keeps the first versions for the rollback', async () => {
  const { ask, machine } = helper;
  const [started, go] = [machine.path('started'), machine.path('go')];
  machine.publish('cordon-slow', '1.0', { postinst: `touch ${started}; while [ ! -e ${go} ]; do sleep 0.05; done` });
  const install = change('install', [{ name: 'cordon-slow' }]);
  const lost = ask(install).catch((error: Error) => error);
  await until(() => expect(machine.has('started')).toBe(true), 20_000);
  await helper.kill();
  expect(await lost).toBeInstanceOf(Error);
  writeFileSync(go, '');
  await helper.start();
  expect(await ask(install)).toMatchObject({
    outcome: 'done',
    steps: [{ name: 'cordon-slow', from: null, to: '1.0' }],
    detail: expect.stringMatching(/^cordon-slow 1\.0 installed\. An earlier attempt was interrupted/),
  });
  expect(machine.version('cordon-slow')).toBe('1.0');
  expect(machine.log('cordon-slow')).toEqual(['install <none> 1.0']);
  expect(await ask(back(install))).toMatchObject({ outcome: 'done', detail: 'cordon-slow 1.0 removed.' });
}, 60_000);

test('refuses what the policy of the machine, the repository or apt does not allow, and changes nothing', async () => {
  const { ask, machine } = helper;
  machine.publish('cordon-secret', '1.0');
  machine.publish('cordon-needs-secret', '1.0', { depends: 'cordon-secret' });
  const refusal = async (request: ChangeRequest) => {
    const response = await ask(request);
    return response.outcome === 'failed' ? response.code : response.outcome;
  };
  expect(await refusal(change('install', [{ name: 'bash' }]))).toBe('not_permitted');
  expect(await refusal(change('install', [{ name: 'cordon-secret' }]))).toBe('not_permitted');
  expect(await refusal(change('install', [{ name: 'cordon-needs-secret' }]))).toBe('not_permitted');
  expect(await refusal(change('install', [{ name: 'cordon-unknown' }]))).toBe('not_found');
  expect(await refusal(change('install', [{ name: 'cordon-lib', version: '7.0' }]))).toBe('failed');
  expect(await refusal({ ...back(change('remove', [{ name: 'cordon-lib' }])) })).toBe('not_found');

  const demo = change('install', [{ name: 'cordon-demo' }]);
  await ask(demo);
  const collateral = await ask(change('remove', [{ name: 'cordon-lib' }]));
  expect(collateral).toMatchObject({ outcome: 'failed', code: 'conflict' });
  expect('detail' in collateral && collateral.detail).toMatch(/would also remove cordon-demo\. Nothing was changed/);
  expect(versions()).toEqual(['2.0', '1.0']);
  await ask(back(demo));
  expect(['cordon-secret', 'cordon-needs-secret'].map((name) => machine.version(name))).toEqual([null, null]);
}, 60_000);

test('installs the updates that a repository offers, and rolls them back', async () => {
  const { ask, machine } = helper;
  const install = change('install', [{ name: 'cordon-demo', version: '1.0' }]);
  expect(await ask(install)).toMatchObject({ outcome: 'done' });
  const update = (scope: 'security' | 'all'): ChangeRequest => ({
    op: 'update-os',
    attempt: newCommandId(),
    change: randomUUID(),
    scope,
  });
  // The repository of the test is no security archive.
  expect(await ask(update('security'))).toMatchObject({ outcome: 'done', detail: 'No change was necessary.' });
  mkdirSync(machine.path('run'), { recursive: true });
  writeFileSync(machine.path('run/reboot-required'), '');
  const all = update('all');
  expect(await ask(all)).toMatchObject({
    outcome: 'done',
    detail: 'cordon-demo 1.0 → 2.0. The machine needs a restart.',
  });
  rmSync(machine.path('run/reboot-required'));
  expect(await ask(back(all))).toMatchObject({ outcome: 'done', detail: 'cordon-demo 2.0 → 1.0.' });
  expect(await ask(back(install))).toMatchObject({ outcome: 'done' });
  expect(versions()).toEqual([null, null]);
}, 60_000);

/** Sends lines to the helper, and returns its response without the greeting. */
const sendLines = (text: string) =>
  new Promise<string>((resolve) => {
    let answer = '';
    const socket = connect(helper.socket, () => socket.write(text));
    socket.on('data', (chunk) => (answer += chunk)).on('close', () => resolve(answer.replace(`${GREETING}\n`, '')));
  });

test('refuses a caller without its token, and issues another token at each start', async () => {
  const request = `${JSON.stringify({ op: 'status' })}\n`;
  for (const token of ['', '0'.repeat(64)]) {
    expect(JSON.parse(await sendLines(`${token}\n${request}`))).toMatchObject({ code: 'not_permitted' });
  }
  for (const text of [request, 'x'.repeat(1000)]) {
    expect(JSON.parse(await sendLines(text))).toMatchObject({ outcome: 'failed' });
  }
  const file = tokenFile(helper.socket);
  const token = readFileSync(file, 'utf8');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(JSON.parse(await sendLines(`${token}\n${request}`))).toMatchObject({ outcome: 'ready' });
  await helper.kill();
  await helper.start();
  expect(JSON.parse(await sendLines(`${token}\n${request}`))).toMatchObject({ code: 'not_permitted' });
  expect(helper.log).not.toContain(readFileSync(file, 'utf8'));
}, 60_000);

/** Connects to the helper, waits for its greeting, and keeps this side of the connection open. */
async function occupy(): Promise<Socket> {
  const socket = connect({ path: helper.socket, allowHalfOpen: true }).on('error', () => undefined);
  await once(socket, 'data');
  return socket;
}

test('answers the agent while callers without the token keep their connections open', async () => {
  const open: Socket[] = [];
  try {
    for (let count = 0; count < 300; count += 1) open.push(await occupy());
    expect(await helper.ask({ op: 'status' })).toMatchObject({ outcome: 'ready' });
    expect(await helper.ask({ op: 'status' })).toMatchObject({ outcome: 'ready' });
  } finally {
    for (const socket of open) socket.destroy();
  }
}, 60_000);

test('closes the connection of a caller that it has refused', async () => {
  const socket = await occupy();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${'0'.repeat(64)}\n`);
  // A write fails once the helper has closed the connection.
  const writes = setInterval(() => socket.write('x'), 50);
  try {
    await closed;
  } finally {
    clearInterval(writes);
    socket.destroy();
  }
}, 20_000);

test('refuses requests that are not in its list, and names that programs could read as options', async () => {
  const say = (text: string) => sendLines(`${readFileSync(tokenFile(helper.socket), 'utf8')}\n${text}`);
  const { packages: _, ...rest } = change('install', [{ name: 'x' }]) as Extract<HelperRequest, { op: 'change' }>;
  for (const text of [
    'not json\n',
    `${JSON.stringify({ op: 'run', command: 'id' })}\n`,
    `${JSON.stringify({ ...rest, packages: [{ name: '-oAPT::Update::Pre-Invoke::=id' }] })}\n`,
    `${JSON.stringify({ ...rest, packages: [{ name: 'a b' }] })}\n`,
    `${JSON.stringify({ ...rest, packages: [{ name: 'a', version: '$(id)' }] })}\n`,
    `${JSON.stringify({ ...rest, packages: [{ name: './own.deb' }] })}\n`,
    `${'x'.repeat(140_000)}\n`,
  ]) {
    expect(JSON.parse(await say(text)), text.slice(0, 100)).toMatchObject({ outcome: 'failed', code: 'invalid_input' });
  }
});

test('does not start without a policy, or with one that other users may write', async () => {
  const policy = helper.machine.path('other.json');
  const check = () =>
    runProgram(process.execPath, [HELPER_ENTRY, 'run', '--policy', policy, '--state', helper.machine.path('other')]);
  expect(await check()).toMatchObject({ code: 1, err: expect.stringMatching('There is no policy for this machine') });
  writeFileSync(policy, '{"packages":{"allow":["*"]}}');
  chmodSync(policy, 0o666);
  expect(await check()).toMatchObject({ code: 1, err: expect.stringMatching('Other users may write this file') });
  chmodSync(policy, 0o644);
  writeFileSync(policy, '{"packages":{"allow":["*"]},"scripts":true}');
  expect(await check()).toMatchObject({ code: 1, err: expect.stringMatching('scripts') });
});
