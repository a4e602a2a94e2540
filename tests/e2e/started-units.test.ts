/**
 * The units under a real systemd, installed by the commands in README and in the units: they start, stop, restart and enroll, and their
 * sandboxes are effective. The machine has its own process 1. It shares the network with the host, so its ports differ from the units'.
 */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { freePort } from '../support/free-port.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { adoptOrganizationKey } from '../support/organization.ts';
import { invite } from '../support/people.ts';
import { type SystemdMachine, startSystemdMachine, systemdMachines } from '../support/systemd-machine.ts';
import { until } from '../support/until.ts';

const UNITS = [
  'server/cordon.service',
  'server/cordon-org-key.service',
  'agent/cordon-agent.service',
  'agent/cordon-agent-enroll.service',
];
const AGENT_COMMAND = 'CORDON_AGENT_HOME=/var/lib/cordon-agent node_modules/.bin/node agent/cordon-agent.js';
/** EXIT_CREDENTIALS of systemd.exec(5). */
const CREDENTIALS = '243';
const LINK_FILE = '/etc/cordon-agent/activation-link';
const agentStatus = z.object({
  connection: z.string(),
  messaging: z.object({ state: z.string() }),
  device: z.string(),
});

/** Commands of an indented block in a unit's leading comment. */
const commandsOf = (unit: string): string[] =>
  [...readFileSync(unit, 'utf8').matchAll(/^# {3}(.+)$/gm)].map(([, command = '']) => command.trim());

/** Lines of README's steps for the agent as a service. The checkout with its packages is in /opt/cordon already. */
function readmeSteps(): string[] {
  const readme = readFileSync('README.md', 'utf8');
  const [, block = ''] = /```\ncd \/opt\/cordon && npm ci --omit=dev\n([\s\S]+?)```/.exec(readme) ?? [];
  return block.split('\n').flatMap((line) => line.replace(/ {2,}#.*$/, '').trim() || []);
}

const answers = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

describe.skipIf(!systemdMachines.present)('under systemd', () => {
  let machine: SystemdMachine;
  let operator: Operator;
  let group: string;
  let ports: readonly number[];
  let admin: string;

  beforeAll(async () => {
    machine = await startSystemdMachine();
    ports = [await freePort(), await freePort(), await freePort()];
    admin = `http://127.0.0.1:${ports[2]}`;
  });
  afterAll(() => machine?.remove());

  const activationLink = async () => (await operator.code({ user: 'Zoe', group, home: 'SE' })).link;
  const status = async () => {
    const { out, err } = await machine.shell(`${AGENT_COMMAND} status --json`);
    if (out === '') throw new Error(`no status: ${err}`);
    return agentStatus.parse(JSON.parse(out));
  };
  const connected = () =>
    until(async () => {
      const found = await status();
      expect(found.connection).toBe('connected');
      return found;
    }, 60_000);
  /** Writes a drop-in as `systemctl edit` does. Empty lines reset the unit's values. */
  const edit = async (unit: string, lines: readonly string[]) => {
    machine.write(`/etc/systemd/system/${unit}.d/edited.conf`, ['[Service]', ...lines, ''].join('\n'));
    await machine.done('systemctl daemon-reload');
  };
  const serverSettings = (names = 'localhost,127.0.0.1') => {
    const [device, open, console] = ports;
    return [
      `Environment=CORDON_NAMES=${names} CORDON_BIND=127.0.0.1 CORDON_DEVICE_PORT=${device}`,
      `Environment=CORDON_PUBLIC_PORT=${open} CORDON_ADMIN_PORT=${console}`,
    ];
  };

  it('a server without its passphrase fails once', async () => {
    await machine.done('cp server/cordon.service /etc/systemd/system/');
    await edit('cordon.service', serverSettings());
    expect((await machine.shell('systemctl start cordon')).code).toBe(1);
    expect(await machine.property('cordon', 'ActiveState')).toBe('failed');
    expect(await machine.property('cordon', 'ExecMainStatus')).toBe(CREDENTIALS);
    // The process that logs this message ends at once, often before journald looks up its unit. The field UNIT is part of the message.
    const ofUnit = 'journalctl --sync && journalctl --output=cat UNIT=cordon.service';
    expect(await machine.done(ofUnit)).toContain('Failed to set up credentials');
    await machine.journal('cordon');
  });

  it('a server with a wrong setting fails once with one line', async () => {
    const [passphrase = ''] = commandsOf('server/cordon.service');
    await machine.done(passphrase);
    await edit('cordon.service', serverSettings('no/name'));
    expect((await machine.shell('systemctl start cordon')).code).toBe(1);
    expect(await machine.property('cordon', 'ActiveState')).toBe('failed');
    expect(await machine.property('cordon', 'ExecMainStatus')).toBe('78');
    expect(await machine.journal('cordon')).toEqual([expect.stringMatching(/^cordon: CORDON_NAMES must be /)]);
  });

  it('a server whose port is in use starts again after a pause, by itself', async () => {
    const [device = 0] = ports;
    const restarts = async () => Number(await machine.property('cordon', 'NRestarts'));
    await edit('cordon.service', serverSettings());
    const began = Date.now();
    const other = createServer().listen(device, '127.0.0.1');
    try {
      expect((await machine.shell('systemctl start cordon')).code).toBe(1);
      expect(await machine.journal('cordon')).toEqual([expect.stringContaining(`cannot listen on port ${device}`)]);
    } finally {
      other.close();
    }
    await until(async () => expect(await machine.property('cordon', 'ActiveState')).toBe('active'), 30_000, 500);
    expect(await restarts()).toBeGreaterThan(0);
    // The unit pauses five seconds between two starts.
    expect(await restarts()).toBeLessThanOrEqual(1 + (Date.now() - began) / 5_000);
  });

  it('the server counts as started when all ports respond', async () => {
    await machine.done('systemctl enable --now cordon');
    expect(await Promise.all(ports.map(answers))).toEqual([true, true, true]);
    const [, owner = ''] = /First owner: (\S+)/.exec((await machine.journal('cordon')).join('\n')) ?? [];
    operator = await setUp(admin, owner);
    group = await operator.group('embassies');
  });

  it('the agent does nothing before the enrollment, enrolls by the steps of README, and is connected', async () => {
    const [copy = '', ...steps] = readmeSteps();
    await machine.done(copy);
    await machine.done('systemctl start cordon-agent');
    expect(await machine.property('cordon-agent', 'ConditionResult')).toBe('no');
    const input = `${await activationLink()}\n`;
    for (const step of steps.slice(0, -1)) await machine.done(step, { input });
    expect(steps.at(-1)).toBe('CORDON_AGENT_HOME=/var/lib/cordon-agent npx cordon-agent status');
    await connected();
    expect(await machine.property('cordon-agent', 'ActiveState')).toBe('active');
  });

  it('a second enrollment keeps the identity; with --replace, the agent becomes a new device', async () => {
    const { device } = await status();
    const enroll = async () => {
      machine.write(LINK_FILE, await activationLink(), 0o600);
      return machine.shell(`systemctl start cordon-agent-enroll; code=$?; rm ${LINK_FILE}; exit $code`);
    };
    expect((await enroll()).code).toBe(1);
    expect(await machine.property('cordon-agent-enroll', 'ExecMainStatus')).toBe('6');
    expect((await machine.journal('cordon-agent-enroll')).at(-1)).toContain('--replace');
    expect((await connected()).device).toBe(device);
    const [, command = ''] = /^ExecStart=(.+)$/m.exec(readFileSync('agent/cordon-agent-enroll.service', 'utf8')) ?? [];
    await edit('cordon-agent-enroll.service', ['ExecStart=', `ExecStart=${command} --replace`]);
    expect(await enroll()).toMatchObject({ code: 0, err: '' });
    expect((await connected()).device).not.toBe(device);
  });

  it('the service with the organization key countersigns the device within its limit', async () => {
    const { key, pem } = createKeyFile('the passphrase of the organization');
    const fleet = await invite(admin, operator.owner, 'kai', [{ role: 'fleet' }]);
    await adoptOrganizationKey(operator.owner, operator.approvers, key.publicKey);
    await machine.done(
      'install -d -m 700 /etc/cordon-org-key && cp server/cordon-org-key.service /etc/systemd/system/',
    );
    machine.write('/etc/cordon-org-key/org.key', pem, 0o600);
    machine.write('/etc/cordon-org-key/passphrase', 'the passphrase of the organization\n', 0o600);
    machine.write('/etc/cordon-org-key/environment', `CORDON_TOKEN=${fleet.token}\n`, 0o600);
    await edit('cordon-org-key.service', [`Environment=CORDON_SERVER=${admin}`]);
    await machine.done('systemctl enable --now cordon-org-key');
    await until(async () => expect((await status()).messaging.state).toBe('ready'), 30_000);
    expect(await machine.property('cordon-org-key', 'ActiveState')).toBe('active');
    await machine.done('systemctl stop cordon-org-key');
    expect(await machine.property('cordon-org-key', 'Result')).toBe('success');
  });

  it('the server drains at a restart and at a stop, and the agent connects again', async () => {
    await machine.done('systemctl restart cordon');
    expect(await Promise.all(ports.map(answers))).toEqual([true, true, true]);
    await machine.done('systemctl stop cordon', { within: 60_000 });
    expect(await machine.property('cordon', 'Result')).toBe('success');
    expect(await Promise.all(ports.map(answers))).toEqual([false, false, false]);
    await machine.done('systemctl start cordon');
    await connected();
  });

  it('an agent that was killed starts again; a stopped agent stays stopped', async () => {
    await machine.done('systemctl kill --signal=KILL cordon-agent');
    await until(async () => expect(await machine.property('cordon-agent', 'NRestarts')).toBe('1'), 30_000, 250);
    await connected();
    await machine.done('systemctl stop cordon-agent');
    expect(await machine.property('cordon-agent', 'Result')).toBe('success');
    expect(await machine.property('cordon-agent', 'ActiveState')).toBe('inactive');
  });

  it('no data file is readable by another user', async () => {
    for (const folder of ['cordon', 'cordon-agent']) {
      const open = await machine.done(`find /var/lib/private/${folder} -perm /077 ! -type l`);
      expect(open).toBe('');
    }
  });

  /** Lines of a probe: each is an attempt that succeeds for root outside a unit. */
  const ATTEMPTS = {
    'write to /etc': 'touch /etc/probe',
    'write to /var/lib': 'touch /var/lib/written',
    'read /root': 'cat /root/secret',
    'read /home': 'cat /home/secret',
    'read a file of /tmp': 'cat /tmp/secret',
    'see process 1': 'test -d /proc/1',
    'use a device': 'test -e /dev/probe',
    'mount a folder': 'unshare --mount true',
    'make a user namespace': 'unshare --user true',
    'change the host name': 'hostname machine',
    'read the kernel log': 'dmesg',
    'make a control group': 'mkdir /sys/fs/cgroup/probe-$$',
    'make a set-user-ID file': 'cp /bin/true copy && chmod u+s copy',
  };
  const PROBE = [
    'cd $STATE_DIRECTORY',
    ...Object.entries(ATTEMPTS).map(([what, line]) => `if { ${line}; } >/dev/null 2>&1; then echo '${what}'; fi`),
    'echo "core $(ulimit -c)" "umask $(umask)"',
  ].join('\n');

  it('the sandboxes of the units are effective', async () => {
    await machine.done('for place in /root /home /tmp; do echo secret > $place/secret; chmod 644 $place/secret; done');
    await machine.done('chmod 755 /root && mknod -m 666 /dev/probe c 1 3');
    machine.write(LINK_FILE, 'none', 0o600);
    machine.write('/etc/probe.sh', PROBE);
    const outside = (await machine.done('sh /etc/probe.sh')).split('\n');
    expect(outside).toEqual(expect.arrayContaining(Object.keys(ATTEMPTS)));
    for (const unit of UNITS) {
      const text = readFileSync(unit, 'utf8')
        .replaceAll(/^(Condition\w+|Conflicts|OnSuccess|OnFailure|Type|StateDirectory|User|Restart\w*)=.*\n/gm, '')
        .replace(/^ExecStart=.*$/m, 'Type=oneshot\nStateDirectory=probe\nExecStart=/bin/sh /etc/probe.sh');
      machine.write(`/etc/systemd/system/probe-${basename(unit)}`, text);
    }
    await machine.done('systemctl daemon-reload');
    for (const unit of UNITS) {
      await machine.done(`systemctl start probe-${basename(unit)}`);
      expect([unit, ...(await machine.journal(`probe-${basename(unit, '.service')}`))]).toEqual([
        unit,
        'core 0 umask 0077',
      ]);
    }
  });
});
