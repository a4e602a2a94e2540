/** The agent as people run it: real processes, killed with -9, against a small real server. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Command } from '../shared/protocol/frames.ts';
import { newCommandId } from '../shared/protocol/ids.ts';
import { startAgentServer } from '../tests/support/agent-server.ts';
import { testAuthority } from '../tests/support/enrolment.ts';
import { EXIT } from './exit-codes.ts';

const ENTRY = join(import.meta.dirname, 'cordon-agent.js');
const WAIT = { timeout: 60_000, interval: 50 };

let ca: ReturnType<typeof testAuthority>;
let server: Awaited<ReturnType<typeof startAgentServer>>;
let home: string;
let daemons: ChildProcess[];

beforeAll(() => {
  ca = testAuthority();
});
afterAll(() => ca.remove());
beforeEach(async () => {
  server = await startAgentServer(ca.authority);
  home = mkdtempSync(join(tmpdir(), 'cordon-agent-home-'));
  daemons = [];
});
afterEach(async () => {
  for (const daemon of daemons) {
    if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
  }
  await server.close();
  rmSync(home, { recursive: true, force: true });
  rmSync(`${home}-link`, { force: true });
});

function agent(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [ENTRY, '--home', home, ...args], (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

async function run(env: Record<string, string> = {}): Promise<ChildProcess> {
  const daemon = spawn(process.execPath, [ENTRY, '--home', home, 'run'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...{ INVOCATION_ID: undefined, CORDON_AGENT_GEOCLUE: 'off', CORDON_AGENT_LOG: 'silent' },
      ...env,
    },
  });
  daemons.push(daemon);
  await vi.waitFor(
    async () => expect(JSON.parse((await agent('status', '--json')).out).connection).toBe('connected'),
    WAIT,
  );
  return daemon;
}

/** The arguments that enroll with this link. A link as an argument would add a warning to every output. */
function enrolBy(link: string, ...options: string[]): string[] {
  const file = `${home}-link`;
  writeFileSync(file, link, { mode: 0o600 });
  return ['enrol', '--link-file', file, ...options];
}

const hellos = () => server.received.filter((frame) => frame.kind === 'hello').length;
const results = () =>
  server.received.flatMap((frame) => (frame.kind === 'report' && frame.item.type === 'result' ? [frame.item] : []));
function command(kind: Command) {
  const id = newCommandId();
  const shares = [Buffer.alloc(32, 7).toString('base64')];
  server.send({ kind: 'command', id, command: kind, shares, expires: Date.now() + 600_000 });
  return id;
}

it('says in one line what is missing, with its own exit codes', async () => {
  expect(await agent('status')).toMatchObject({
    code: EXIT.notFound,
    err: expect.stringMatching(/^cordon-agent: [^\n]+\n$/),
  });
  expect(await agent(...enrolBy('cordon:enrol?nonsense'))).toMatchObject({ code: EXIT.usage });
  expect(await agent(...enrolBy(server.link('ab'.repeat(32))))).toMatchObject({ code: EXIT.unverified });
  expect(await agent('fly')).toMatchObject({ code: EXIT.usage });
  const nobody = server.link().replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9');
  expect(await agent(...enrolBy(nobody))).toMatchObject({
    code: EXIT.unavailable,
    err: expect.stringMatching(/^cordon-agent: The server cannot be reached [^\n]+\n$/),
  });
  expect(await agent('send', 'somebody', 'hello')).toMatchObject({ code: EXIT.unavailable });
  const hyphen = await agent('send', 'somebody', '- dates');
  expect(hyphen).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('goes after two: cordon-agent send -- '),
  });
  expect(await agent('send', '--', 'somebody', '- dates')).toMatchObject({ code: EXIT.unavailable });
});

it('killed with -9 while it waits for the answer to its code, it enrols with the same link and the same key', async () => {
  const link = server.link();
  server.serve.answer = 'never';
  const child = spawn(process.execPath, [ENTRY, '--home', home, 'enrol', link], { stdio: 'ignore' });
  daemons.push(child);
  await vi.waitFor(() => expect(server.serve.redeemed).toBe(1), WAIT);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const key = readFileSync(join(home, 'identity', 'key.pem'), 'utf8');
  server.serve.answer = 'given';
  expect(await agent(...enrolBy(link))).toMatchObject({ code: 0, err: '' });
  expect(readFileSync(join(home, 'identity', 'key.pem'), 'utf8')).toBe(key);
  // And once more: what is done is done.
  expect(await agent(...enrolBy(link))).toMatchObject({ code: 0 });
  expect(server.serve.redeemed).toBe(2);
});

it('enrols, runs, tells its state to its owner alone, and keeps a workspace that an admin can lock and wipe', async () => {
  expect(await agent(...enrolBy(server.link()))).toMatchObject({ code: 0 });
  expect((await agent('status')).out).toMatch(/not running/);
  await run();
  expect(statSync(join(home, 'agent.sock')).mode & 0o777).toBe(0o600);
  expect((await agent('status')).out).toMatch(
    /connection +connected[\s\S]*GeoClue: [^\n]*switched off[\s\S]*messaging +open/,
  );
  for (const again of [['run'], ['run', '--detach'], enrolBy(server.link(), '--replace')]) {
    expect(await agent(...again)).toEqual({
      code: EXIT.conflict,
      out: '',
      err: expect.stringMatching(/^cordon-agent: An agent runs in [^\n]+ already: [^\n]+ \(conflict\)\n$/),
    });
  }
  expect(server.sockets.size).toBe(1);

  const file = join(home, 'plan.txt');
  writeFileSync(file, 'the plan');
  await agent('workspace', 'put', file);
  expect((await agent('workspace', 'ls')).out).toMatch(/8 {2}plan\.txt/);
  expect((await agent('workspace', 'get', 'plan.txt')).out).toBe('the plan');
  command({ kind: 'lock-workspace' });
  await vi.waitFor(() => expect(results()).toHaveLength(1), WAIT);
  expect(await agent('workspace', 'get', 'plan.txt')).toMatchObject({ code: EXIT.refused, out: '' });
  command({ kind: 'wipe-workspace' });
  await vi.waitFor(() => expect(results()).toHaveLength(2), WAIT);
  expect(await agent('workspace', 'ls')).toMatchObject({
    code: EXIT.refused,
    err: expect.stringMatching(/wiped.*an admin has to unlock it/),
  });

  command({ kind: 'message', text: 'Bring it back\u001b[2J.' });
  await vi.waitFor(() => expect(results()).toHaveLength(3), WAIT);
  expect((await agent('messages')).out).toMatch(/\* .* Bring it back\ufffd\[2J\./);
});

it('case 54: killed with -9 in the middle of commands, again and again, it carries out each and reports each once', async () => {
  await agent(...enrolBy(server.link()));
  const issued: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const daemon = await run();
    for (let i = 0; i < 10; i += 1) issued.push(command({ kind: 'message', text: `message ${round}.${i}` }));
    issued.push(command({ kind: 'refresh-inventory' }));
    const stored = () => server.received.filter((frame) => frame.kind === 'command-stored').length;
    await vi.waitFor(() => expect(stored()).toBe(issued.length), WAIT);
    // Acknowledged, so it must survive; the inventory takes long enough to be hit in the middle.
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }
  await run();
  await vi.waitFor(() => expect(new Set(results().map((result) => result.command))).toEqual(new Set(issued)), WAIT);
  // A report may be sent again when its confirmation was lost; what it says is one outcome, under one number.
  const told = server.received.flatMap((frame) =>
    frame.kind === 'report' && frame.item.type === 'result' ? [`${frame.seq} ${frame.item.command}`] : [],
  );
  expect(new Set(told).size).toBe(issued.length);
  expect((await agent('messages')).out.trim().split('\n')).toHaveLength(20);
});

it('runs in the background when it is told to, and returns when it is up', async () => {
  await agent(...enrolBy(server.link()));
  const { code, out } = await agent('run', '--detach');
  expect(code).toBe(0);
  const pid = Number(/process (\d+)/.exec(out)?.[1]);
  try {
    expect((await agent('status')).out).toMatch(/agent +running/);
    const log = () => readFileSync(join(home, 'agent.log'), 'utf8');
    await vi.waitFor(() => expect(log()).toContain('"state":"connected"'), WAIT);
    expect(statSync(join(home, 'agent.log')).mode & 0o777).toBe(0o600);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  await vi.waitFor(async () => expect((await agent('status')).out).toMatch(/not running/), WAIT);
});

it.skipIf(process.getuid?.() !== 0)('answers no other user of the machine', async () => {
  await agent(...enrolBy(server.link()));
  await run();
  chmodSync(home, 0o755);
  const ask = `require('node:net').connect(${JSON.stringify(join(home, 'agent.sock'))})
    .on('connect', () => process.exit(0)).on('error', ({ code }) => { console.log(code); process.exit(1); })`;
  const asNobody = spawnSync(process.execPath, ['-e', ask], { uid: 65534, gid: 65534, encoding: 'utf8' });
  expect(asNobody).toMatchObject({ status: 1, stdout: 'EACCES\n' });
});

it('restarts in its own place when an admin says so, and tells a supervisor by code 75 where there is one', async () => {
  await agent(...enrolBy(server.link()));
  const daemon = await run();
  command({ kind: 'restart-agent' });
  await vi.waitFor(() => expect(hellos()).toBe(2), WAIT);
  expect(daemon.exitCode).toBeNull();
  await vi.waitFor(() => expect(results()).toHaveLength(1), WAIT);
  daemon.kill('SIGTERM');
  expect(await once(daemon, 'exit')).toEqual([0, null]);

  const supervised = await run({ INVOCATION_ID: 'a test' });
  command({ kind: 'restart-agent' });
  expect(await once(supervised, 'exit')).toEqual([EXIT.restart, null]);
});

it('ends by itself when it is unenrolled', async () => {
  await agent(...enrolBy(server.link()));
  const daemon = await run();
  command({ kind: 'unenrol' });
  expect(await once(daemon, 'exit')).toEqual([0, null]);
  expect(existsSync(join(home, 'identity', 'key.pem'))).toBe(false);
  expect(await agent('status')).toMatchObject({ code: EXIT.notFound });
});
