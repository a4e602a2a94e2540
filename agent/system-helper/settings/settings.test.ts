/** Settings that the system helper applies as a process, with the real programs on a machine of its own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedFile } from '../../../shared/policy/managed-files.ts';
import { type AppliedSetting, SYSTEM_SETTINGS, type SystemSettings } from '../../../shared/policy/system-settings.ts';
import {
  openSettingsMachine,
  type SettingsMachine,
  settingsMachines,
} from '../../../tests/support/settings-machine.ts';
import { SystemHelper } from '../../../tests/support/system-helper.ts';
import { tool } from '../../../tests/support/tools.ts';
import { until } from '../../../tests/support/until.ts';

const needed = [
  tool('nft', 'apt install nftables'),
  tool('update-ca-certificates', 'apt install ca-certificates'),
  tool('modprobe', 'apt install kmod'),
  tool('openssl', 'apt install openssl'),
];
const present = settingsMachines.present && needed.every((each) => each.present);

describe.skipIf(!present)('settings of the system helper', { timeout: 180_000 }, () => {
  let machine: SettingsMachine;
  let helper: SystemHelper;
  let authority: string;

  const permit = (...settings: string[]) =>
    helper.allow({ allow: ['cordon-*'], deny: ['cordon-secret'] }, [], { settings, openPorts: [2222] });
  beforeAll(async () => {
    machine = await openSettingsMachine();
    helper = new SystemHelper(machine.inside);
    helper.machine.publish('cordon-lib', '1.0');
    for (const version of ['1.0', '2.0']) helper.machine.publish('cordon-demo', version, { depends: 'cordon-lib' });
    authority = certificate('A test authority', 'CA:TRUE');
    permit(...SYSTEM_SETTINGS);
    await helper.start();
  }, 60_000);
  afterAll(async () => {
    await helper?.remove();
    await machine?.remove();
  });

  function certificate(name: string, constraints: string): string {
    const path = helper.machine.path('certificate.pem');
    const subject = ['-subj', `/CN=${name}`, '-addext', `basicConstraints=critical,${constraints}`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '/dev/null'];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, '-out', path], { stdio: 'pipe' });
    return readFileSync(path, 'utf8');
  }

  async function apply(settings: SystemSettings): Promise<AppliedSetting[]> {
    const response = await helper.ask({ op: 'apply-settings', settings });
    if (response.outcome !== 'settings') throw new Error(JSON.stringify(response));
    return response.settings;
  }
  const outcomes = async (settings: SystemSettings) =>
    (await apply(settings)).map(({ setting, outcome, check }) => [setting, outcome, check.status]);
  /** Changes that the machine keeps, although none of these settings needs them any more. */
  async function keptAfter(settings: SystemSettings) {
    const response = await helper.ask({ op: 'apply-settings', settings });
    if (response.outcome !== 'settings') throw new Error(JSON.stringify(response));
    return (response.kept ?? []).map(({ setting, detail }) => [setting, detail]);
  }
  const rules = () => machine.shell('nft list ruleset');
  const bundle = () => machine.shell('cat /etc/ssl/certs/ca-certificates.crt');

  it('blocks incoming connections, repairs its table, and removes it', async () => {
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'applied', 'met']]);
    expect(rules()).toMatch(/policy drop/);
    expect(rules()).toMatch(/tcp dport 2222 accept/);
    expect(rules()).not.toMatch(/hook output/);
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'applied', 'met']]);

    machine.shell('nft delete table inet cordon');
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'repaired', 'met']]);
    // A rule that a user added to the table is a change too.
    machine.shell('nft insert rule inet cordon input accept');
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'repaired', 'met']]);
    expect(rules()).toMatch(/policy drop;\n\t\tct state/);

    expect(await apply({})).toEqual([]);
    expect(rules()).toBe('');
  });

  it('drops new connections, except to open ports, and lets answers in', async () => {
    await apply({ 'firewall.enabled': true });
    machine.shell(`
      ip netns add peer-$$; ip link add c0 type veth peer name c1 netns peer-$$
      ip address add 198.18.0.1/30 dev c0; ip link set c0 up
      ip -n peer-$$ address add 198.18.0.2/30 dev c1; ip -n peer-$$ link set c1 up; ip -n peer-$$ link set lo up
      trap 'kill $servers; ip netns delete peer-$$' EXIT
      ${serving(2222)} & servers=$!; ${serving(2223)} & servers="$servers $!"; ip netns exec peer-$$ ${serving(2224)} & servers="$servers $!"
      reach() { for _ in $(seq 100); do $2 ${process.execPath} -e 'require("net").connect({port:+process.argv[2],host:process.argv[1]}).once("connect",()=>process.exit(0)).once("error",()=>process.exit(1))' $1 $3 && return 0; sleep 0.1; done; return 1; }
      reach 198.18.0.1 'ip netns exec peer-'$$ 2222
      reach 198.18.0.2 '' 2224
      reach 198.18.0.1 '' 2223
      ! ip netns exec peer-$$ timeout 2 ${process.execPath} -e 'require("net").connect(2223,"198.18.0.1").once("connect",()=>process.exit(0)).once("error",()=>process.exit(1))'
    `);
    await apply({});
  });

  it('leaves a device alone that meets the setting itself', async () => {
    machine.shell(
      'nft add table inet own; nft add chain inet own input "{ type filter hook input priority 0; policy drop; }"',
    );
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'not-needed', 'met']]);
    expect(rules()).not.toMatch(/table inet cordon/);
    await apply({});
    expect(rules()).toMatch(/table inet own/);
    machine.shell('nft delete table inet own');
  });

  it('loads the firewall again after a restart of the machine', async () => {
    await apply({ 'firewall.enabled': true });
    await helper.kill();
    machine.shell('nft flush ruleset');
    await helper.start();
    expect(rules()).toMatch(/table inet cordon/);
    expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'applied', 'met']]);
    await apply({});
  });

  it('adds certificates of authorities, and removes those that the policy drops', async () => {
    const before = bundle();
    const second = certificate('A second authority', 'CA:TRUE');
    expect(await outcomes({ 'certificates.trusted': [authority, second] })).toEqual([
      ['certificates.trusted', 'applied', 'met'],
    ]);
    expect(bundle()).toContain(authority.trim());
    machine.shell('rm /usr/local/share/ca-certificates/cordon-*.crt; update-ca-certificates');
    expect(await outcomes({ 'certificates.trusted': [authority] })).toEqual([
      ['certificates.trusted', 'applied', 'met'],
    ]);
    expect(bundle()).not.toContain(second.trim());
    await apply({});
    expect(bundle()).toBe(before);
    expect(machine.shell('ls /usr/local/share/ca-certificates')).not.toMatch('cordon-');

    const [refused] = await apply({ 'certificates.trusted': [certificate('A web server', 'CA:FALSE')] });
    expect(refused).toMatchObject({
      outcome: 'failed',
      detail: 'The certificate of CN=A web server is not the certificate of an authority.',
      check: { status: 'not-met' },
    });
    await apply({});
  });

  it('blocks USB storage, and leaves a file of the owner alone', async () => {
    const file = '/etc/modprobe.d/cordon.conf';
    expect(await outcomes({ 'usb-storage.blocked': true })).toEqual([['usb-storage.blocked', 'applied', 'met']]);
    expect(machine.shell('modprobe --show-depends usb-storage')).toMatch('/bin/false');
    machine.shell(`echo >> ${file}`);
    expect(await outcomes({ 'usb-storage.blocked': true })).toEqual([['usb-storage.blocked', 'repaired', 'met']]);
    await apply({});
    expect(machine.shell(`ls ${file} 2>&1 || true`)).toMatch('No such file');

    machine.shell(`echo '# mine' > ${file}`);
    const [refused] = await apply({ 'usb-storage.blocked': true });
    expect(refused).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(`${file} exists and is not from`),
    });
    await apply({});
    expect(machine.shell(`cat ${file}`)).toBe('# mine\n');
    machine.shell(`rm ${file}`);
  });

  it('installs and removes software within the rules for packages, and changes nothing when a policy ends', async () => {
    const versions = () => ['cordon-demo', 'cordon-lib'].map((name) => helper.machine.version(name));
    const [result] = await apply({ 'software.required': ['cordon-demo', 'openssl-missing'] });
    expect(result).toMatchObject({
      outcome: 'not-permitted',
      detail: expect.stringMatching(/does not allow changes of openssl-missing.*packages\.allow/),
      check: { status: 'not-met', detail: 'Missing: openssl-missing.' },
    });
    expect(versions()).toEqual(['2.0', '1.0']);
    expect(await outcomes({ 'software.required': ['cordon-demo'] })).toEqual([['software.required', 'applied', 'met']]);

    helper.machine.run('dpkg', '--remove', 'cordon-demo');
    expect(await outcomes({ 'software.required': ['cordon-demo'] })).toEqual([
      ['software.required', 'repaired', 'met'],
    ]);
    const installed = 'The device had installed cordon-demo, and does not remove this software.';
    // cordon-lib came with cordon-demo, so the policy has not changed it.
    expect(await keptAfter({ 'software.required': ['cordon-lib'] })).toEqual([['software.required', installed]]);
    expect(await keptAfter({})).toEqual([]);
    expect(versions()).toEqual(['2.0', '1.0']);

    const forbidden = { 'software.forbidden': ['cordon-lib', 'cordon-demo'] };
    expect(await outcomes(forbidden)).toEqual([['software.forbidden', 'applied', 'met']]);
    expect(versions()).toEqual([null, null]);
    const removed = 'The device had removed cordon-lib, cordon-demo, and does not install this software again.';
    expect(await keptAfter({})).toEqual([['software.forbidden', removed]]);
    expect(versions()).toEqual([null, null]);
    expect(await keptAfter({})).toEqual([]);
  });

  it('changes nothing about a package that policies require and forbid', async () => {
    const results = await apply({
      'software.required': ['cordon-demo'],
      'software.forbidden': ['cordon-demo', 'unattended-upgrades'],
      'updates.automatic': true,
    });
    expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed']);
    expect(results[0]?.detail).toMatch(/^The policies of this device require and forbid cordon-demo\./);
    expect(helper.machine.version('cordon-demo')).toBeNull();
    await apply({});
  });

  it('switches automatic updates on with their package, and off again', async () => {
    const parts = helper.machine.path('etc/apt/apt.conf.d');
    machine.shell(`mount --bind ${parts} /etc/apt/apt.conf.d`);
    helper.machine.publish('unattended-upgrades', '1.0');
    const [refused] = await apply({ 'updates.automatic': true });
    expect(refused).toMatchObject({ outcome: 'not-permitted', detail: expect.stringMatching('unattended-upgrades') });
    await helper.kill();
    helper.allow({ allow: ['unattended-upgrades'] }, [], { settings: ['updates.automatic'] });
    await helper.start();
    expect(await outcomes({ 'updates.automatic': true })).toEqual([['updates.automatic', 'applied', 'met']]);
    expect(helper.machine.version('unattended-upgrades')).toBe('1.0');
    await apply({});
    expect(helper.machine.version('unattended-upgrades')).toBeNull();
    expect(machine.shell(`ls ${parts}`)).toBe('');
  });

  describe('files of the system', () => {
    const file = (path: string, more: Partial<ManagedFile> = {}): ManagedFile => ({
      path,
      text: 'managed\n',
      owner: null,
      mode: '0644',
      reload: null,
      ...more,
    });
    const folder = '/etc/cordon-test';
    const text = (name: string) => machine.shell(`stat --format '%a %U' ${folder}/${name}; cat ${folder}/${name}`);
    beforeAll(async () => {
      machine.shell(`mkdir ${folder} && echo mine > ${folder}/old && chmod 600 ${folder}/old`);
      await helper.kill();
      const files = [`${folder}/`, '/etc/cordon-agent/', '/etc/cordon-link/', '/etc/cordon-open/'];
      helper.allow(undefined, [], { settings: ['files.content'], files });
      await helper.start();
    });

    it('are written with owner and mode, repaired, and restored', async () => {
      const wanted = [file(`${folder}/old`, { owner: 'nobody' }), file(`${folder}/new`, { mode: '0640' })];
      expect(await outcomes({ 'files.content': wanted })).toEqual([['files.content', 'applied', 'met']]);
      expect([text('old'), text('new')]).toEqual(['644 nobody\nmanaged\n', '640 root\nmanaged\n']);
      machine.shell(`echo drift > ${folder}/old`);
      expect(await outcomes({ 'files.content': wanted })).toEqual([['files.content', 'repaired', 'met']]);
      expect(await outcomes({ 'files.content': wanted.slice(0, 1) })).toEqual([['files.content', 'applied', 'met']]);
      expect(machine.shell(`ls ${folder}`)).toBe('old\n');
      await apply({});
      expect(text('old')).toBe('600 root\nmine\n');

      await apply({ 'files.content': wanted });
      machine.shell(`echo theirs > ${folder}/old`);
      await apply({});
      // A change of the owner stays when the policy ends.
      expect(machine.shell(`cat ${folder}/old; ls ${folder}`)).toBe('theirs\nold\n');
    });

    it('are refused outside the permitted folders, as programs, behind links, and where other users may write', async () => {
      machine.shell('mkdir /etc/cordon-target /etc/cordon-open; ln -s cordon-target /etc/cordon-link');
      machine.shell('chmod 777 /etc/cordon-open; mkdir -p /etc/cordon-agent');
      for (const [refused, reason] of [
        [file('/etc/passwd'), 'does not permit changes of /etc/passwd. The owner can add "/etc/passwd"'],
        [file('/etc/cordon-agent/system.json'), 'does not permit changes of /etc/cordon-agent/system.json'],
        [file(`${folder}/tool`, { mode: '0755' }), 'writes no executable file'],
        [file(`${folder}/a`, { reload: 'cron.service' }), 'does not permit a reload of cron.service'],
        [file(`${folder}/a`, { owner: 'nobody-at-all' }), 'has no user nobody-at-all'],
        [file(`${folder}/none/a`), 'does not exist'],
        [file('/etc/cordon-link/a'), '/etc/cordon-link is a link'],
        [file('/etc/cordon-open/a'), 'Other users than root may change /etc/cordon-open'],
      ] as const) {
        const [result] = await apply({ 'files.content': [refused] });
        const isHidden = /permit changes|is a link|may change/.test(reason);
        expect(result?.check.status, reason).toBe(isHidden ? 'unknown' : 'not-met');
        expect(result?.detail).toContain(reason);
        await apply({});
      }
      expect(
        machine.shell('ls /etc/cordon-target /etc/cordon-open /etc/cordon-agent | grep -c "^a\\|json" || true'),
      ).toBe('0\n');
    });
  });

  describe('files that the owner does not permit', () => {
    const file = (path: string): ManagedFile => ({
      path,
      text: 'a guess\n',
      owner: null,
      mode: '0600',
      reload: null,
    });
    const answer = async (path: string) => {
      const [result] = await apply({ 'files.content': [file(path)] });
      return JSON.stringify(result).replaceAll(path, 'PATH');
    };
    const restart = async (settings: readonly string[]) => {
      await helper.kill();
      helper.allow(undefined, [], { settings, files: ['/etc/cordon-shared/'] });
      await helper.start();
    };
    beforeAll(() => {
      machine.shell('mkdir -p /etc/cordon-hidden /etc/cordon-shared && chmod 777 /etc/cordon-shared');
      machine.shell('chmod 700 /etc/cordon-hidden && mkfifo -m 666 /etc/cordon-hidden/pipe /etc/cordon-shared/pipe');
      machine.shell('echo "a guess" > /etc/cordon-hidden/guessed && chmod 600 /etc/cordon-hidden/guessed');
      machine.shell('echo secret > /etc/cordon-hidden/other && ln -s ../cordon-hidden /etc/cordon-shared/link');
    });

    it('have the same answer, whether they are missing, guessed, different or a pipe', async () => {
      for (const settings of [[], ['files.content']]) {
        await restart(settings);
        const answers = new Set<string>();
        for (const name of ['missing', 'guessed', 'other', 'pipe', '']) {
          answers.add(await answer(`/etc/cordon-hidden${name === '' ? '' : `/${name}`}`));
        }
        expect([...answers]).toEqual([expect.stringMatching(/"unknown"/)]);
        await apply({});
      }
    });

    it('do not block the helper as a pipe, and are not reached by a link of another user', async () => {
      await restart(['files.content']);
      for (const name of ['pipe', 'link/guessed', 'link/other', 'link/pipe', 'link/folder/a'] as const) {
        const [result] = await apply({ 'files.content': [file(`/etc/cordon-shared/${name}`)] });
        expect(result, name).toMatchObject({ outcome: 'not-permitted', check: { status: 'unknown' } });
        await apply({});
      }
      expect(machine.shell('cat /etc/cordon-hidden/guessed')).toBe('a guess\n');
    });

    it('do not block the helper as a pipe of root either', async () => {
      machine.shell('chmod 755 /etc/cordon-shared');
      const [result] = await apply({ 'files.content': [file('/etc/cordon-shared/pipe')] });
      expect(result).toMatchObject({ outcome: 'failed', check: { detail: expect.stringMatching('it is not a file') } });
      expect(await apply({})).toEqual([]);
    });
  });

  it('changes nothing without the permission of the owner, says how to get it, and reverses what lost it', async () => {
    await helper.kill();
    permit('firewall.enabled', 'software.required');
    await helper.start();
    await apply({ 'software.required': ['cordon-demo'], 'firewall.enabled': true });
    await helper.kill();
    permit('software.required');
    await helper.start();
    const [firewall, software] = await apply({ 'software.required': ['cordon-demo'], 'firewall.enabled': true });
    expect(firewall).toMatchObject({
      outcome: 'not-permitted',
      detail: expect.stringMatching(/The owner can add "firewall.enabled" to "settings" in system.json/),
      check: { status: 'not-met' },
    });
    expect(software).toMatchObject({ outcome: 'applied' });
    expect(rules()).toBe('');
    permit('firewall.enabled', 'software.required');
    await helper.kill();
    await helper.start();
    await apply({});
    helper.machine.run('dpkg', '--remove', 'cordon-demo', 'cordon-lib');
  });

  it('is consistent after kill -9 between the record and the change', async () => {
    const [waits, go] = [helper.machine.path('waits'), helper.machine.path('go')];
    machine.shell(`printf '%s\\n' '#!/bin/sh' 'case "$*" in --file*) touch ${waits}; while [ ! -e ${go} ]; do sleep 0.05; done;; esac' \
      'exec /usr/sbin/nft "$@"' > /usr/local/sbin/nft; chmod +x /usr/local/sbin/nft`);
    const interrupt = async () => {
      const lost = apply({ 'firewall.enabled': true }).catch((error: Error) => error);
      await until(() => expect(helper.machine.has('waits')).toBe(true), 20_000);
      await helper.kill();
      expect(await lost).toBeInstanceOf(Error);
      expect(readFileSync(join(helper.machine.path('state'), 'settings/firewall.enabled.json'), 'utf8')).toMatch(
        '"complete":false',
      );
      expect(rules()).toBe('');
      for (const file of [waits]) rmSync(file);
    };
    try {
      await interrupt();
      await helper.start();
      machine.shell(`touch ${go}`);
      expect(await outcomes({ 'firewall.enabled': true })).toEqual([['firewall.enabled', 'applied', 'met']]);
      await apply({});
      machine.shell(`rm -f ${go} ${waits}`);

      await interrupt();
      machine.shell(`touch ${go}`);
      await helper.start();
      // The policy no longer requires it.
      await apply({});
      expect(rules()).toBe('');
      expect(machine.shell(`ls ${helper.machine.path('state')}/settings`)).toBe('');
    } finally {
      machine.shell('rm /usr/local/sbin/nft');
    }
  });

  it('refuses values that are not in the catalog', async () => {
    for (const settings of [
      { 'firewall.enabled': 'no' },
      { 'software.required': ['./own.deb'] },
      { 'disk.encryption': true },
      { 'certificates.trusted': ['a text'] },
    ]) {
      const response = await helper.ask({ op: 'apply-settings', settings } as never);
      expect(response, JSON.stringify(settings)).toMatchObject({ outcome: 'failed', code: 'invalid_input' });
    }
  });
});

/** Command line of a server that accepts TCP connections. */
const serving = (port: number): string =>
  `${process.execPath} -e 'require("net").createServer((s)=>s.end()).listen(${port})'`;
