/** Links that open an account or enroll a device reach the programs without being in their arguments. Real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminCli } from '../support/admin-cli.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { runProgram } from '../support/run-program.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { tool } from '../support/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const terminal = tool('script', 'apt-get install bsdutils');

let server: ServerProcess;
let operator: Operator;
let folder: string;
let group: string;
const agents: AgentProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-links-'));
  server = await startServerProcess();
  operator = await setUp(server.admin, server.firstOwner);
  group = await operator.group('embassies');
}, 60_000);
afterAll(async () => {
  for (const agent of agents) await agent.remove();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const invitation = async (name: string) => {
  const made = await operator.owner.browser.raw('POST', '/accounts', {
    email: `${name}@example.org`,
    name,
    grants: [],
  });
  return String((made.json as { link: string }).link);
};
const activation = async () => (await operator.code({ user: 'Zoe', group })).link;
function machine(): AgentProcess {
  const agent = new AgentProcess();
  agents.push(agent);
  return agent;
}
function privateFile(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text, { mode });
  return file;
}

describe('cordon setup', () => {
  const env = { CORDON_PASSWORD: 'a long enough password' };
  const cordon = (args: readonly string[], input?: string) =>
    adminCli(server.admin, folder, env)(['setup', ...args], input === undefined ? {} : { input });

  it('accepts the link from standard input, and from a private file, without a warning', async () => {
    for (const args of [[], ['-']]) {
      const { code, err } = await cordon(args, `${await invitation(`stdin-${args.length}`)}\n`);
      expect([args, code, err]).toEqual([args, 0, '']);
    }
    const file = privateFile('link', await invitation('file'));
    expect(await cordon(['--link-file', file])).toMatchObject({ code: 0, err: '' });
  });

  it('warns of a link in an argument, refuses a file that others can read, and reports empty input', async () => {
    const link = await invitation('argument');
    const shared = await cordon(['--link-file', privateFile('shared', link, 0o644)]);
    expect([shared.code, shared.err]).toEqual([2, expect.stringContaining('chmod 600')]);
    expect((await cordon([], '')).err).toContain('nothing was given');
    const warned = await cordon([link]);
    expect([warned.code, warned.err]).toEqual([0, expect.stringMatching(/^Warning: other users .* process list/)]);
  });

  it.skipIf(!terminal.present)('asks for the link at a terminal', async () => {
    const link = await invitation('terminal');
    const command = `${process.execPath} server/cordon.js --server ${server.admin} setup`;
    const typed = await runProgram('script', ['-qec', command, '/dev/null'], {
      input: `${link}\r`,
      cwd: ROOT,
      env: { XDG_CONFIG_HOME: folder, ...env },
    });
    expect(typed.out).toMatch(/Link: /);
    expect(typed.out).toContain('Welcome, terminal');
  });
});

describe('cordon-agent enroll', () => {
  it('accepts the link from standard input, and from a private file, without a warning', async () => {
    const piped = await machine().cli(['enroll'], { input: `${await activation()}\n` });
    expect(piped).toMatchObject({ code: 0, err: '' });
    const file = privateFile('activation', await activation());
    expect(await machine().cli(['enroll', '--link-file', file])).toMatchObject({ code: 0, err: '' });
  });

  it('warns of a link in an argument', async () => {
    const { code, err } = await machine().cli(['enroll', await activation()]);
    expect([code, err]).toEqual([0, expect.stringMatching(/^Warning: other users .* Use "cordon-agent enroll"/)]);
  });
});
