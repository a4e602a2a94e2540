/**
 * The templates for systemd: they are valid and confined. Their programs tell a service manager when they are ready and when they stop. A
 * socket of the test replaces systemd; `started-units.test.ts` starts the units under a real one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld } from '../support/e2e-world.ts';
import { openNotifySocket } from '../support/notify-socket.ts';
import { runProgram } from '../support/run-program.ts';
import { startServerProcess } from '../support/server-process.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const UNITS = [
  'server/cordon.service',
  'server/cordon-org-key.service',
  'server/cordon-witness.service',
  'server/cordon-monitor.service',
  'agent/cordon-agent.service',
  'agent/cordon-agent-enroll.service',
  'agent/cordon-mail-connector.service',
];
/** Highest exposure by `systemd-analyze security`, in tenths. */
const MOST_EXPOSED = 17;
/** The system helper changes the whole machine, so it cannot be confined as the other programs. Its unit has the reasons. */
const PRIVILEGED = { unit: 'agent/cordon-agent-system.service', most: 61 };
const ALL = [...UNITS, PRIVILEGED.unit, 'agent/cordon-agent-system.socket'];
const analyze = tool('systemd-analyze', 'Debian: systemd');
const notify = tool('systemd-notify', 'Debian: systemd');
/** Receives the messages for the service manager in `openNotifySocket`. */
const python = tool('python3', 'apt-get install python3');

describe.skipIf(!analyze.present)('the systemd units', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-units-'));
    // The units with the program paths of this checkout, so that the paths exist. Both agent units are in one folder, because one names the
    // other.
    for (const unit of ALL) {
      writeFileSync(join(folder, basename(unit)), readFileSync(unit, 'utf8').replaceAll('/opt/cordon', resolve('.')));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(ALL)('%s is valid', (unit) => {
    const path = join(folder, basename(unit));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', path], {
      encoding: 'utf8',
    });
    expect(stderr.split('\n').filter((line) => line.includes(basename(unit)))).toEqual([]);
    expect(status).toBe(0);
  });

  /** Exposure of the unit. Fails the test if it is higher than `most` tenths. */
  function exposureOf(unit: string, most: number): number {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${most}`, unit];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    const [, exposure = ''] = /exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
    console.log(`${unit}: ${exposure}`);
    expect([status, stderr]).toEqual([0, '']);
    return Number(exposure);
  }

  it('the system helper has an exposure of at most 6.1 and writes no core', () => {
    expect(exposureOf(PRIVILEGED.unit, PRIVILEGED.most)).toBeGreaterThan(0);
    expect(readFileSync(PRIVILEGED.unit, 'utf8').split('\n')).toContain('LimitCORE=0');
  });

  it.each(UNITS)('%s has an exposure of at most 1.7, writes no core and shares no file', (unit) => {
    expect(exposureOf(unit, MOST_EXPOSED)).toBeGreaterThan(0);
    const text = readFileSync(unit, 'utf8');
    for (const line of ['LimitCORE=0', 'UMask=0077', 'DynamicUser=yes']) expect(text.split('\n')).toContain(line);
  });

  it('the steps in the enrollment unit are those of README', () => {
    const steps = [
      ...readFileSync('agent/cordon-agent-enroll.service', 'utf8').matchAll(/^# {3}(.+?)(?: {2,}#.*)?$/gm),
    ];
    const commands = steps.flatMap(([, command = '']) => command);
    expect(commands).toContain('systemctl enable cordon-agent && systemctl start cordon-agent-enroll');
    const readme = readFileSync('README.md', 'utf8').split('\n');
    expect(commands.filter((command) => !readme.some((line) => line.startsWith(command)))).toEqual([]);
  });

  it('the server and the agent report when they are ready', () => {
    for (const unit of ['server/cordon.service', 'agent/cordon-agent.service']) {
      expect(readFileSync(unit, 'utf8').split('\n')).toEqual(
        expect.arrayContaining(['Type=notify', 'NotifyAccess=all']),
      );
    }
  });
});

const answers = (port: string) =>
  new Promise<boolean>((done) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

describe.skipIf(!notify.present || !python.present)('a service manager', () => {
  it('receives READY=1 from the server when all ports respond, and STOPPING=1 before it drains', async () => {
    const manager = await openNotifySocket();
    const server = await startServerProcess({ NOTIFY_SOCKET: manager.path });
    try {
      await until(() => expect(manager.messages()).toContain('READY=1'));
      const ports = [server.device, server.public, server.admin].map((url) => new URL(url).port);
      expect(await Promise.all(ports.map(answers))).toEqual([true, true, true]);
      expect(manager.messages()).not.toContain('STOPPING=1');
      await server.stop();
      expect(manager.messages().filter((line) => line !== 'BARRIER=1')).toEqual(['READY=1', 'STOPPING=1']);
    } finally {
      await server.remove();
      await manager.close();
    }
  });

  it('receives nothing from a server that cannot start', async () => {
    const manager = await openNotifySocket();
    try {
      const started = startServerProcess({ NOTIFY_SOCKET: manager.path, CORDON_PASSPHRASE: 'too short' });
      await expect(started).rejects.toThrow('ended with 78');
      expect(manager.messages()).toEqual([]);
    } finally {
      await manager.close();
    }
  });

  it('receives READY=1 from the agent when it accepts commands; the enrollment unit’s command enrolls before that and after it', async () => {
    const world = await openWorld();
    const manager = await openNotifySocket();
    const folder = mkdtempSync(join(tmpdir(), 'cordon-credential-'));
    const agent = new AgentProcess({ NOTIFY_SOCKET: manager.path });
    /** The unit's environment, with the credential folder of this test. */
    const enroll = async () => {
      writeFileSync(join(folder, 'activation-link'), `${await world.link()}\n`, { mode: 0o400 });
      const text = readFileSync('agent/cordon-agent-enroll.service', 'utf8');
      const [, unit = ''] = /^ExecStart=(.+)$/m.exec(text) ?? [];
      const script = unit.replaceAll('$$', '$').replaceAll('%d', folder).replaceAll('/opt/cordon', resolve('.'));
      try {
        return await runProgram('/bin/sh', ['-c', script], { env: { CORDON_AGENT_HOME: agent.home } });
      } finally {
        rmSync(join(folder, 'activation-link'));
      }
    };
    try {
      expect(await enroll()).toMatchObject({ code: 0 });
      agent.run();
      await until(() => expect(manager.messages()).toContain('READY=1'));
      expect(await runProgram('test', ['-S', agent.path('agent.sock')])).toMatchObject({ code: 0 });
      await agent.stop();
      expect(manager.messages()).toContain('STOPPING=1');
      // An enrolled device keeps its identity, and the activation code stays unused.
      const { device } = agent;
      expect(await enroll()).toMatchObject({ code: 6, err: expect.stringContaining('--replace') });
      expect(agent.device).toBe(device);
    } finally {
      await agent.remove();
      await world.remove();
      await manager.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
