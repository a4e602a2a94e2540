/**
 * A reviewed script attacks the device: the system helper, the keys and the process of the agent, and other programs of the script's user.
 * The agent runs as a user of its own, in the group of the helper's socket, and the helper runs as root, as on a device with the units of
 * Cordon. In other cases, the agent runs as a person or as root.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TOKEN_LENGTH, tokenFile } from '../../agent/system-helper/requests.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { startAgentServer } from '../support/agent-server.ts';
import { testAuthority } from '../support/enrollment.ts';
import { signedScript } from '../support/signed-scripts.ts';
import { SystemHelper } from '../support/system-helper.ts';
import { root, tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

/** Group of the helper's socket. */
const GROUP = 64_200;
/** Users of agents: one in the range of systemd's `DynamicUser`, and one in the range of people's accounts. */
const OWN_USER = 64_100;
const PERSON = 12_345;
const ROOT = 0;
/** User of the scripts of an agent that runs as root. */
const NOBODY = 65_534;
const tools = [root(), tool('setpriv', 'apt install util-linux'), tool('ipcrm', 'apt install util-linux')];
const ATTACKS = readFileSync(join(import.meta.dirname, '../support/script-attacks.py'), 'utf8');
const outputSchema = z.object({ attacks: z.record(z.string(), z.string()), works: z.record(z.string(), z.unknown()) });

describe.skipIf(tools.some(({ present }) => !present))('a reviewed script', () => {
  let ca: ReturnType<typeof testAuthority>;
  let server: Awaited<ReturnType<typeof startAgentServer>>;
  let helper: SystemHelper;
  let agent: AgentProcess | null = null;
  let other: ChildProcess | null = null;
  let removeObjects = (): unknown => undefined;
  const target = createServer((socket) => socket.end('hello'));
  const shared = `/dev/shm/cordon-test-${process.pid}`;

  beforeAll(async () => {
    ca = testAuthority();
    server = await startAgentServer(ca.authority);
    helper = new SystemHelper(['setpriv', `--regid=${GROUP}`, '--clear-groups']);
    helper.allow();
    await helper.start();
    chmodSync(helper.machine.path('.'), 0o755);
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  }, 60_000);
  afterEach(async () => {
    other?.kill();
    removeObjects();
    await agent?.remove();
  });
  afterAll(async () => {
    target.close();
    rmSync(shared, { force: true });
    await helper?.remove();
    await server?.close();
    ca?.remove();
  });

  async function startAgent(user: number): Promise<AgentProcess> {
    // The program that starts the agent leaves a descriptor open.
    const leaving = ['bash', '-c', 'exec 40<package.json; exec "$@"', 'bash'];
    const inside = [...leaving, 'setpriv', `--reuid=${user}`, `--regid=${user}`, `--groups=${GROUP}`];
    const folder = mkdtempSync(join(tmpdir(), 'cordon-scripts-'));
    chownSync(folder, user, user);
    chmodSync(folder, 0o711);
    const env = { CORDON_AGENT_SYSTEM_SOCKET: helper.socket, TMPDIR: folder };
    const started = new AgentProcess(env, undefined, undefined, inside);
    agent = started;
    await started.enroll(server.link());
    execFileSync('chown', ['-R', `${user}:${user}`, started.home]);
    started.run();
    await started.connected();
    return started;
  }

  async function run(agent: AgentProcess, text: string) {
    const { command, ...script } = signedScript(text, server.people.slice(0, 1), {
      interpreter: 'python3',
      memory: 1024,
    });
    const id = newCommandId();
    server.send({ kind: 'command', id, command, signedScript: script, expires: Date.now() + 600_000 });
    const items = () => server.received.flatMap((frame) => (frame.kind === 'report' ? [frame.item] : []));
    const result = await until(() => {
      const found = items().find((item) => item.type === 'result' && item.command === id);
      if (found?.type !== 'result') throw new Error(`no result:\n${agent.log}`);
      return found;
    }, 60_000);
    const output = items().flatMap((item) => (item.type === 'script-output' && item.command === id ? item.text : []));
    return { ...result, output: output.join('') };
  }

  /** Creates a message queue, semaphores and shared memory (System V) as a program of this user. Returns their numbers. */
  function sharedObjects(user: number) {
    const made = execFileSync(
      'setpriv',
      [`--reuid=${user}`, '--clear-groups', 'ipcmk', '-Q', '-S', '1', '-M', '4096', '-p', '0600'],
      { encoding: 'utf8' },
    );
    const [memory = 0, queue = 0, semaphores = 0] = [/memory id: (\d+)/, /queue id: (\d+)/, /Semaphore id: (\d+)/].map(
      (pattern) => Number(pattern.exec(made)?.[1]),
    );
    removeObjects = () => spawnSync('ipcrm', ['-m', `${memory}`, '-q', `${queue}`, '-s', `${semaphores}`]);
    return { memory, queue, semaphores };
  }

  async function attack(user: number) {
    const started = await startAgent(user);
    const scriptUser = user === ROOT ? NOBODY : user;
    other = spawn('setpriv', [`--reuid=${scriptUser}`, `--regid=${scriptUser}`, '--clear-groups', 'sleep', '300']);
    const objects = sharedObjects(scriptUser);
    writeFileSync(shared, 'secret', { mode: 0o600 });
    chownSync(shared, scriptUser, scriptUser);
    const address = target.address();
    const parameters = {
      agent: started.pid,
      other: other.pid,
      home: started.home,
      helper: helper.socket,
      shared,
      ...objects,
      port: address !== null && typeof address === 'object' ? address.port : 0,
    };
    const before = statSync(started.home).mode;
    const key = statSync(started.path('identity/key.pem'));
    const { output, detail } = await run(started, `PARAMETERS = ${JSON.stringify(parameters)}\n${ATTACKS}`);
    const line = output.split('\n').find((each) => each.startsWith('{'));
    if (line === undefined) throw new Error(`${detail}\n${output}`);
    const { attacks, works } = outputSchema.parse(JSON.parse(line));
    expect(started.running).toBe(true);
    expect(statSync(started.path('identity/key.pem'))).toMatchObject({ mtimeMs: key.mtimeMs, ctimeMs: key.ctimeMs });
    expect(other.exitCode ?? other.signalCode).toBeNull();
    return {
      agent: started,
      before,
      works,
      succeeded: Object.keys(attacks).filter((name) => attacks[name] === 'succeeded'),
    };
  }

  it('reaches neither the helper nor the keys and the process of an agent with a user of its own', async () => {
    const { agent: attacked, succeeded, works, before } = await attack(OWN_USER);
    expect(succeeded).toEqual([]);
    expect(works).toEqual({
      program: 'sub\n',
      thread: 'done',
      child: -15,
      pair: 'pair',
      file: 'own',
      random: 8,
      network: 'hello',
      interfaces: true,
      'own limits': 0,
      mark: true,
      'lower limit': null,
      groups: [GROUP],
    });
    expect(statSync(attacked.home).mode).toBe(before);
    // The agent itself may read the token: it is in the group of the helper, as the script is.
    const asAgent = ['setpriv', `--reuid=${OWN_USER}`, `--regid=${OWN_USER}`, `--groups=${GROUP}`];
    const token = execFileSync(asAgent[0] ?? '', [...asAgent.slice(1), 'cat', tokenFile(helper.socket)]);
    expect(token).toHaveLength(TOKEN_LENGTH);
    expect(existsSync(attacked.path('new'))).toBe(false);
  }, 120_000);

  it("has no network in a person's account, whose programs may obey on loopback", async () => {
    const { succeeded, works } = await attack(PERSON);
    expect(succeeded).toEqual([]);
    expect(works).toMatchObject({
      program: 'sub\n',
      pair: 'pair',
      network: expect.stringContaining('PermissionError'),
    });
  }, 120_000);

  it('reaches no other program of nobody if the agent runs as root', async () => {
    const { succeeded, works } = await attack(ROOT);
    expect(succeeded).toEqual([]);
    expect(works).toMatchObject({ program: 'sub\n', file: 'own', network: 'hello', groups: [] });
  }, 120_000);
});
