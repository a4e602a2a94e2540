/** The agent in real processes, killed with -9, against a small real server. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { EXIT } from '../shared/exit-codes.ts';
import type { Command } from '../shared/protocol/frames.ts';
import { newCommandId } from '../shared/protocol/ids.ts';
import { startAgentServer } from '../tests/support/agent-server.ts';
import { testAuthority } from '../tests/support/enrollment.ts';
import { programPath } from '../tests/support/programs.ts';
import { root } from '../tests/support/tools.ts';
import { sendControlRequest } from './control/control.ts';

const ENTRY = programPath('agent/cordon-agent.js');
const WAIT = { timeout: 60_000, interval: 50 };
const STATUS = { op: 'status', shown: false } as const;

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
      INVOCATION_ID: undefined,
      CORDON_AGENT_GEOCLUE: 'off',
      CORDON_AGENT_LOG: 'silent',
      ...env,
    },
  });
  daemons.push(daemon);
  // The test asks over the socket, because the command line would start a new process for each query.
  await vi.waitFor(
    async () =>
      expect((await sendControlRequest(join(home, 'agent.sock'), STATUS))?.ok).toMatchObject({
        connection: 'connected',
      }),
    WAIT,
  );
  expect(JSON.parse((await agent('status', '--json')).out)).toMatchObject({ connection: 'connected' });
  return daemon;
}

/** Arguments that enroll with this activation link. They name a file, because a link on the command line adds a warning to every output. */
function enrollBy(link: string, ...options: string[]): string[] {
  const file = `${home}-link`;
  writeFileSync(file, link, { mode: 0o600 });
  return ['enroll', '--link-file', file, ...options];
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

it('states a missing part in one line, each with its own exit code', async () => {
  expect(await agent('status')).toMatchObject({
    code: EXIT.notFound,
    err: expect.stringMatching(/^cordon-agent: [^\n]+\n$/),
  });
  expect(await agent(...enrollBy('cordon:enroll?nonsense'))).toMatchObject({ code: EXIT.usage });
  expect(await agent(...enrollBy(server.link('ab'.repeat(32))))).toMatchObject({ code: EXIT.unverified });
  expect(await agent('fly')).toMatchObject({ code: EXIT.usage });
  const nobody = server.link().replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9');
  expect(await agent(...enrollBy(nobody))).toMatchObject({
    code: EXIT.unavailable,
    err: expect.stringMatching(/^cordon-agent: The server cannot be reached [^\n]+\n$/),
  });
  expect(await agent('send', 'somebody', 'hello')).toMatchObject({ code: EXIT.unavailable });
  const hyphen = await agent('send', 'somebody', '- dates');
  expect(hyphen).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('that begins with a hyphen: cordon-agent send -- '),
  });
  expect(await agent('send', '--', 'somebody', '- dates')).toMatchObject({ code: EXIT.unavailable });
});

it('enrolls with the same link and the same key after a kill -9 during the enrollment', async () => {
  const link = server.link();
  server.serve.answer = 'never';
  const child = spawn(process.execPath, [ENTRY, '--home', home, 'enroll', link], { stdio: 'ignore' });
  daemons.push(child);
  await vi.waitFor(() => expect(server.serve.redeemed).toBe(1), WAIT);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const key = readFileSync(join(home, 'identity', 'key.pem'), 'utf8');
  server.serve.answer = 'given';
  expect(await agent(...enrollBy(link))).toMatchObject({ code: 0, err: '' });
  expect(readFileSync(join(home, 'identity', 'key.pem'), 'utf8')).toBe(key);
  // A second enrollment with the same link changes nothing.
  expect(await agent(...enrollBy(link))).toMatchObject({ code: 0 });
  expect(server.serve.redeemed).toBe(2);
});

it('enrolls, runs, shows its state only to its owner, and has a workspace that an admin can lock and wipe', async () => {
  expect(await agent(...enrollBy(server.link()))).toMatchObject({ code: 0 });
  expect((await agent('status')).out).toMatch(/not running/);
  await run();
  expect(statSync(join(home, 'agent.sock')).mode & 0o777).toBe(0o600);
  expect((await agent('status')).out).toMatch(
    /connection +connected[\s\S]*GeoClue: [^\n]*switched off[\s\S]*messaging +open/,
  );
  for (const again of [['run'], ['run', '--detach'], enrollBy(server.link(), '--replace')]) {
    expect(await agent(...again)).toEqual({
      code: EXIT.conflict,
      out: '',
      err: expect.stringMatching(/^cordon-agent: Another agent uses [^\n]+ \(conflict\)\n$/),
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
  expect(await agent('workspace', 'get', 'plan.txt')).toMatchObject({ code: EXIT.forbidden, out: '' });
  command({ kind: 'wipe-workspace' });
  await vi.waitFor(() => expect(results()).toHaveLength(2), WAIT);
  expect(await agent('workspace', 'ls')).toMatchObject({
    code: EXIT.forbidden,
    err: expect.stringMatching(/wiped.*Ask your admin to unlock it/),
  });

  command({ kind: 'message', text: 'Bring it back\u001b[2J.' });
  await vi.waitFor(() => expect(results()).toHaveLength(3), WAIT);
  expect((await agent('messages')).out).toMatch(/\* .* Bring it back\ufffd\[2J\./);
});

it('case 54: runs and reports each command once, although it is killed repeatedly', async () => {
  await agent(...enrollBy(server.link()));
  const issued: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const daemon = await run();
    for (let i = 0; i < 10; i += 1) issued.push(command({ kind: 'message', text: `message ${round}.${i}` }));
    issued.push(command({ kind: 'refresh-inventory' }));
    const stored = () => server.received.filter((frame) => frame.kind === 'command-stored').length;
    await vi.waitFor(() => expect(stored()).toBe(issued.length), WAIT);
    // The agent has acknowledged the command, so the command must survive a kill. The inventory takes long enough to kill the agent while
    // it runs.
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }
  await run();
  await vi.waitFor(() => expect(new Set(results().map((result) => result.command))).toEqual(new Set(issued)), WAIT);
  // The agent may send a report again after a lost confirmation, but with the same result and the same number.
  const told = server.received.flatMap((frame) =>
    frame.kind === 'report' && frame.item.type === 'result' ? [`${frame.seq} ${frame.item.command}`] : [],
  );
  expect(new Set(told).size).toBe(issued.length);
  expect((await agent('messages')).out.trim().split('\n')).toHaveLength(20);
});

it('starts in the background, and returns when the agent is ready', async () => {
  await agent(...enrollBy(server.link()));
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
  await vi.waitFor(async () => expect((await agent('status')).out).toMatch(/not running/), {
    ...WAIT,
    interval: 1_000,
  });
});

it.skipIf(!root().present)('answers no other user of the machine', async () => {
  await agent(...enrollBy(server.link()));
  await run();
  chmodSync(home, 0o755);
  // The process starts as root and then becomes `nobody`, because `nobody` may be unable to enter the folder that Node is in.
  const ask = `process.setgroups([]); process.setgid(65534); process.setuid(65534);
    require('node:net').connect(${JSON.stringify(join(home, 'agent.sock'))})
    .on('connect', () => process.exit(0)).on('error', ({ code }) => { console.log(code); process.exit(1); })`;
  const asNobody = spawnSync(process.execPath, ['-e', ask], { encoding: 'utf8' });
  expect(asNobody).toMatchObject({ status: 1, stdout: 'EACCES\n' });
});

it('restarts itself on an admin’s command, or exits with code 75 under a supervisor', async () => {
  await agent(...enrollBy(server.link()));
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

it('exits after the unenrollment', async () => {
  await agent(...enrollBy(server.link()));
  const daemon = await run();
  command({ kind: 'unenroll' });
  expect(await once(daemon, 'exit')).toEqual([0, null]);
  expect(existsSync(join(home, 'identity', 'key.pem'))).toBe(false);
  expect(await agent('status')).toMatchObject({ code: EXIT.notFound });
});
