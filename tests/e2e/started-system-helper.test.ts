/**
 * The system helper as its unit starts it, installed by the steps in the unit, under a real systemd with the real logind, timedated and SSH
 * server. It applies settings of policies, and reverses them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { appliedSettingSchema, type SystemSettings } from '../../shared/policy/system-settings.ts';
import { AptMachine, aptMachines } from '../support/apt-machine.ts';
import { freePort } from '../support/free-port.ts';
import { softwareChange } from '../support/package-requests.ts';
import { type SystemdMachine, startSystemdMachine, systemdMachines } from '../support/systemd-machine.ts';
import { needed, tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const sshd = needed('sshd', 'apt install openssh-server', existsSync('/usr/sbin/sshd'));
const ssh = tool('ssh', 'apt install openssh-client');
const bwrap = tool('bwrap', 'apt install flatpak');
const present = systemdMachines.present && aptMachines.present && sshd.present && ssh.present && bwrap.present;

/** Asks the helper over its socket, as the agent does. The argument is the request. */
const ASK = `node_modules/.bin/node -e '
  const path = "/run/cordon-agent-system/socket";
  const socket = require("node:net").connect(path);
  socket.once("data", () => {
    socket.write(require("node:fs").readFileSync(path + ".token") + "\\n" + process.argv[1] + "\\n");
    socket.pipe(process.stdout);
  });
'`;
const responseSchema = z.strictObject({ outcome: z.literal('settings'), settings: z.array(appliedSettingSchema) });

describe.skipIf(!present)('the system helper under systemd', { timeout: 120_000 }, () => {
  let machine: SystemdMachine;

  beforeAll(async () => {
    machine = await startSystemdMachine();
    await machine.done('systemctl start dbus.service systemd-logind.service');
    const unit = readFileSync('agent/cordon-agent-system.service', 'utf8');
    // This machine has no agent.
    const steps = [...unit.matchAll(/^# {3}(.+)$/gm)].map(([, step = '']) =>
      step.replace(/ && systemctl restart .*/, ''),
    );
    for (const step of steps) await machine.done(step.replace(/ # .*/, ''));
    machine.write(
      '/etc/cordon-agent/system.json',
      JSON.stringify({
        packages: { allow: ['cordon-probe'] },
        files: ['/etc/demo/'],
        reloads: ['demo.service'],
        settings: [
          'screen.lock-minutes',
          'ssh.keys-only',
          'ssh.root-sign-in',
          'time.synchronized',
          'files.content',
          'usb-storage.blocked',
        ],
      }),
    );
  }, 120_000);
  afterAll(() => machine?.remove());

  async function apply(settings: SystemSettings) {
    const request = JSON.stringify({ op: 'apply-settings', settings });
    const out = await machine.done(`${ASK} '${request}'`);
    return responseSchema.parse(JSON.parse(out)).settings.map(({ outcome, check }) => [outcome, check.status]);
  }

  /** Work of package scripts. Each line must succeed under the unit. */
  const NEEDED = {
    'add a user': 'useradd --system cordon-probe',
    'give a file to a user': 'touch /etc/probe && chown cordon-probe /etc/probe && chmod 4755 /etc/probe',
    'write below /home and /root': 'touch /home/probe /root/probe',
    'become another user': 'setpriv --reuid=65534 --regid=65534 --clear-groups true',
    'reload systemd': 'systemctl daemon-reload',
    'make namespaces': 'unshare --mount --pid --net --ipc --fork mount -t tmpfs none /srv',
    'run a script of flatpak': 'bwrap --ro-bind / / --dev /dev --unshare-ipc --unshare-net --unshare-pid true',
    'change a root folder': 'chroot / true',
    'open a block device': 'mknod /run/disk b 7 0 && head --bytes=1 /run/disk',
    'open a device of the kernel': 'mknod /run/fuse c 10 229 && : <>/run/fuse',
    'make a firewall': 'unshare --net nft add table inet probe',
    'see the processes of others': 'test -d /proc/1',
    'end a process of another user': 'setpriv --reuid=65534 sleep 60 & kill $!',
  };
  /** Work that no package script needs. Each line must fail under the unit. */
  const FORBIDDEN = {
    'set the clock': 'date --set=@$(date +%s)',
    'use the swap': 'fallocate -l 1M /run/swap && chmod 600 /run/swap && mkswap /run/swap && swapon /run/swap',
    'read the kernel log': 'dmesg',
    'trace a process': 'ls /proc/1/root/',
    'make a user namespace': 'unshare --user true',
    'make a control group': 'mkdir /sys/fs/cgroup/probe-$$',
  };

  it('installs a package whose script needs rights of root, and forbids its scripts the rest', async () => {
    const deb = new AptMachine();
    try {
      const line = (what: string, command: string) => `( ${command} ) >/dev/null 2>&1 && echo '${what}' >>/run/worked`;
      const script = [
        'rm -f /run/worked; touch /run/worked',
        ...Object.entries({ ...NEEDED, ...FORBIDDEN }).map(([what, command]) => line(what, command)),
        'exit 0',
      ].join('\n');
      deb.publish('cordon-probe', '1.0', { postinst: script });
      for (const [name, bytes] of deb.repository()) machine.write(`/srv/repository/${name}`, bytes);
      machine.write('/etc/apt/sources.list', 'deb [trusted=yes] file:/srv/repository ./\n');
      const folders = ['dpkg/info', 'dpkg/updates', 'dpkg/triggers', 'apt/lists/partial'].map(
        (each) => `/var/lib/${each}`,
      );
      await machine.done(
        `mkdir -p ${folders.join(' ')} /var/cache/apt/archives/partial /var/log/apt /etc/apt/apt.conf.d`,
      );
      await machine.done('touch /var/lib/dpkg/status /var/lib/dpkg/available');
      const request = JSON.stringify(softwareChange('apt', 'install', [{ name: 'cordon-probe' }]));
      expect(JSON.parse(await machine.done(`${ASK} '${request}'`))).toMatchObject({ outcome: 'done' });
      const worked = (await machine.done('cat /run/worked')).trim().split('\n');
      expect(worked).toEqual(Object.keys(NEEDED));
    } finally {
      deb.remove();
    }
  });

  it('locks the screen with logind', async () => {
    const idle = async () => {
      const manager = 'org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager';
      return (await machine.done(`busctl get-property ${manager} IdleAction IdleActionUSec`)).trim();
    };
    const before = await idle();
    expect(await apply({ 'screen.lock-minutes': 5 })).toEqual([['applied', 'met']]);
    expect(await idle()).toBe('s "lock"\nt 300000000');
    await machine.done('rm /etc/systemd/logind.conf.d/cordon.conf && systemctl reload systemd-logind');
    expect(await apply({ 'screen.lock-minutes': 3 })).toEqual([['applied', 'met']]);
    await machine.done('rm /etc/systemd/logind.conf.d/cordon.conf && systemctl reload systemd-logind');
    expect(await apply({ 'screen.lock-minutes': 3 })).toEqual([['repaired', 'met']]);
    await apply({});
    expect(await idle()).toBe(before);
  });

  it('switches passwords and the sign-in of root off on a running SSH server', async () => {
    const port = await freePort();
    const config = ['Include /etc/ssh/sshd_config.d/*.conf', `Port ${port}`, 'ListenAddress 127.0.0.1', 'UsePAM no'];
    machine.write('/etc/ssh/sshd_config', [...config, 'PermitRootLogin yes', ''].join('\n'));
    await machine.done('mkdir -p /etc/ssh/sshd_config.d && ssh-keygen -A && systemctl start ssh.service');
    const methods = async () => {
      const options = '-F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null';
      const { err } = await machine.shell(`ssh ${options} -p ${port} root@127.0.0.1 true`);
      return /\(([a-z,-]+)\)\.\s*$/.exec(err)?.[1] ?? err;
    };
    await until(async () => expect(await methods()).toContain('password'), 30_000);
    expect(await apply({ 'ssh.keys-only': true, 'ssh.root-sign-in': 'keys-only' })).toEqual([
      ['applied', 'met'],
      ['applied', 'met'],
    ]);
    await until(async () => expect(await methods()).toBe('publickey'), 30_000);
    expect(await apply({ 'ssh.root-sign-in': 'no' })).toEqual([['applied', 'met']]);
    await until(async () => expect(await methods()).toContain('password'), 30_000);
    expect(await machine.done('/usr/sbin/sshd -T')).toMatch(/^permitrootlogin no$/m);

    // A configuration with an error stays as it is.
    await machine.done('echo Nonsense > /etc/ssh/sshd_config.d/99-own.conf');
    expect(await apply({ 'ssh.root-sign-in': 'keys-only' })).toEqual([['failed', 'unknown']]);
    await machine.done('rm /etc/ssh/sshd_config.d/99-own.conf');
    await apply({});
    expect(await machine.done('ls /etc/ssh/sshd_config.d')).toBe('');
    expect(await machine.done('/usr/sbin/sshd -T')).toMatch(/^permitrootlogin yes$/m);
  });

  it('switches the NTP service on, and off again', async () => {
    // systemd-timesyncd does not start in a container. It gets no server, so it cannot set the clock.
    machine.write('/etc/systemd/system/systemd-timesyncd.service.d/test.conf', '[Unit]\nConditionVirtualization=\n');
    machine.write('/etc/systemd/timesyncd.conf', '[Time]\nNTP=127.0.0.1\nFallbackNTP=\n');
    await machine.done('systemctl daemon-reload');
    const isOn = async () => (await machine.done('timedatectl show --property=NTP --value')).trim();
    expect(await isOn()).toBe('no');
    expect(await apply({ 'time.synchronized': true })).toEqual([['applied', 'not-met']]);
    await until(async () => expect(await isOn()).toBe('yes'), 30_000);
    await apply({});
    await until(async () => expect(await isOn()).toBe('no'), 30_000);
  });

  it('writes a file and reloads its unit', async () => {
    const service = [
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=/usr/bin/true',
      'ExecReload=/usr/bin/cp /etc/demo/conf /run/read',
    ];
    machine.write('/etc/systemd/system/demo.service', ['[Service]', ...service, ''].join('\n'));
    await machine.done(
      'mkdir /etc/demo && echo mine > /etc/demo/conf && systemctl daemon-reload && systemctl start demo',
    );
    const file = { path: '/etc/demo/conf', text: 'managed', owner: null, mode: '0644', reload: 'demo.service' };
    expect(await apply({ 'files.content': [file] })).toEqual([['applied', 'met']]);
    expect(await machine.done('cat /run/read')).toBe('managed');
    await apply({});
    expect(await machine.done('cat /run/read')).toBe('mine\n');
  });

  it('writes a file of modprobe inside the sandbox of its unit', async () => {
    await machine.done('mkdir -p /etc/modprobe.d');
    expect(await apply({ 'usb-storage.blocked': true })).toEqual([['applied', 'met']]);
    await apply({});
    expect(await machine.done('ls /etc/modprobe.d')).toBe('');
  });
});
