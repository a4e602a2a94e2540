/** The Debian package of the agent: its content, an installation with dpkg, and an agent that enrolls and connects from it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAgentPackage } from '../../agent/package/build.ts';
import { AGENT_VERSION } from '../../agent/version.ts';
import { systemHelper } from '../../agent/work/system-helper-client.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { LARGEST_PACKAGE } from '../../shared/software/own-package.ts';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import { setUp } from '../support/operator.ts';
import { signedPackage, statementFor } from '../support/own-packages.ts';
import { packageRoots } from '../support/package-root.ts';
import { runProgram } from '../support/run-program.ts';
import { startServerProcess } from '../support/server-process.ts';
import { type SystemdMachine, startSystemdMachine, systemdMachines } from '../support/systemd-machine.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const analyze = tool('systemd-analyze', 'Debian: systemd');
const LIB = 'usr/lib/cordon-agent';
/** A fast compression. The test compares bytes of the content, and not of the file. */
const FAST = 1;

describe.skipIf(!packageRoots.present)('the package of the agent', () => {
  let folder: string;
  let file: string;
  let root: string;
  const dpkg = (...args: string[]) =>
    execFileSync(
      'dpkg',
      [`--root=${root}`, '--force-script-chrootless', '--force-depends', '--force-unsafe-io', ...args],
      {
        stdio: 'pipe',
      },
    );

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-agent-package-'));
    root = join(folder, 'root');
    file = await buildAgentPackage(folder, FAST);
    for (const name of ['info', 'updates', 'triggers'])
      mkdirSync(join(root, 'var/lib/dpkg', name), { recursive: true });
    writeFileSync(join(root, 'var/lib/dpkg/status'), '');
    dpkg('--install', file);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has a size that own packages allow, one owner, one time, and no path of the machine that built it', () => {
    expect(statSync(file).size).toBeLessThan(LARGEST_PACKAGE);
    const lines = execFileSync('dpkg-deb', ['--contents', file], { encoding: 'utf8' }).trim().split('\n');
    const facts = lines.map(
      (line) => /^[-d]rw(?:xr-x|-r-)(?:r-x|r--|-r--) (\S+) +\d+ (\S+ \S+) /.exec(line)?.slice(1).join(' ') ?? line,
    );
    expect(new Set(facts).size, facts.slice(0, 5).join('\n')).toBe(1);
    expect(facts[0]).toMatch(/^root\/root /);
    const found = spawnSync('grep', ['-rlF', '--exclude=node', resolve('.'), root], { encoding: 'utf8' });
    expect([found.status, found.stdout]).toEqual([1, '']);
  });

  it('each program reports the version of the package', async () => {
    const version = execFileSync('dpkg-deb', ['--field', file, 'Version'], { encoding: 'utf8' }).trim();
    expect(`cordon-agent/${version}`).toBe(AGENT_VERSION);
    for (const program of ['usr/bin/cordon-agent', 'usr/sbin/cordon-agent-system']) {
      const { code, out } = await runProgram(join(root, program), ['--version'], {});
      expect([code, out.trim()]).toEqual([0, AGENT_VERSION]);
    }
  });

  it.skipIf(!analyze.present)('its units are valid and start programs that the package has', () => {
    const units = join(root, 'usr/lib/systemd/system');
    const copies = join(folder, 'units');
    cpSync(units, copies, { recursive: true });
    for (const unit of ['cordon-agent', 'cordon-agent-enroll', 'cordon-agent-system']) {
      const path = join(copies, `${unit}.service`);
      const text = readFileSync(path, 'utf8');
      const [, ...programs] = /^ExecStart=(\S+) (?:--\S+ )?(\S+)/m.exec(text) ?? [];
      expect(programs).toHaveLength(2);
      for (const program of programs) expect(existsSync(join(root, program)), program).toBe(true);
      writeFileSync(path, text.replaceAll(`/${LIB}`, join(root, LIB)));
    }
    const args = ['verify', '--man=no', '--recursive-errors=no', join(copies, 'cordon-agent.service')];
    expect(execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: 'pipe' })).toBe('');
  });

  it('the installed agent enrolls, connects and opens its page; a removal and a purge leave no program and no state', async () => {
    const server = await startServerProcess();
    const home = join(root, 'var/lib/private/cordon-agent');
    mkdirSync(join(root, 'var/lib/private'), { recursive: true });
    const program = join(root, 'usr/bin/cordon-agent');
    const env = { CORDON_AGENT_GEOCLUE: 'off' };
    const agent = (...args: string[]) => runProgram(program, ['--home', home, ...args], { env });
    let daemon: ReturnType<typeof spawn> | null = null;
    try {
      const operator = await setUp(server.admin, server.firstOwner);
      const group = await operator.group('embassies');
      const { link } = await operator.code({ user: 'Zoe', group, home: 'SE' });
      expect(await agent('enroll', link)).toMatchObject({ code: 0 });
      daemon = spawn(program, ['--home', home, 'run'], {
        stdio: 'ignore',
        env: { ...process.env, INVOCATION_ID: undefined, ...env },
      });
      await until(async () => {
        const { out } = await agent('status');
        if (!/connection +connected/.test(out)) throw new Error(out);
      }, 60_000);
      expect(await agent('open')).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^http:\/\//) });
    } finally {
      if (daemon?.exitCode === null) {
        const ended = once(daemon, 'exit');
        daemon.kill();
        await ended;
      }
      await server.remove();
    }
    dpkg('--remove', 'cordon-agent');
    expect(existsSync(join(root, LIB))).toBe(false);
    expect(existsSync(home)).toBe(true);
    dpkg('--purge', 'cordon-agent');
    expect(existsSync(home)).toBe(false);
  });

  describe.skipIf(!systemdMachines.present)('under systemd', () => {
    const { key } = createKeyFile('the passphrase of a signer');
    let machine: SystemdMachine;
    beforeAll(async () => {
      machine = await startSystemdMachine();
    });
    afterAll(() => machine?.remove());

    /** The package with another version. Its Node is that of the checkout, so that the file is small. */
    function variant(version: string) {
      const tree = join(folder, version);
      execFileSync('dpkg-deb', ['--raw-extract', file, tree]);
      const control = join(tree, 'DEBIAN/control');
      const fields = readFileSync(control, 'utf8').replace(/^(?:Depends|Recommends):.*\n/gm, '');
      writeFileSync(control, fields.replace(/^Version: .*$/m, `Version: ${version}`));
      rmSync(join(tree, LIB, 'bin/node'));
      symlinkSync('/opt/cordon/node_modules/.bin/node', join(tree, LIB, 'bin/node'));
      const built = `${tree}.deb`;
      execFileSync('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z1', '--build', tree, built], { stdio: 'pipe' });
      const architecture = execFileSync('dpkg-deb', ['--field', built, 'Architecture'], { encoding: 'utf8' }).trim();
      const statement = { ...statementFor(built, AGENT_PACKAGE, version), architecture };
      return { built, statement, envelope: signedPackage(key, statement) };
    }

    it('the helper installs its own next version, watches the new agent with its old code, and then starts anew', async () => {
      const [first, second] = [variant('1.0'), variant('2.0')];
      const folders = ['/var/lib/dpkg/info', '/var/lib/dpkg/updates', '/var/lib/dpkg/triggers', '/var/log'];
      folders.push('/var/lib/apt/lists/partial', '/var/cache/apt/archives/partial', '/etc/apt/apt.conf.d');
      folders.push('/etc/apt/preferences.d', '/etc/apt/sources.list.d', '/tmp/upper', '/tmp/work');
      await machine.done(`mkdir -p ${folders.join(' ')} && : > /var/lib/dpkg/status`);
      await machine.done('mount -t overlay overlay -o lowerdir=/usr,upperdir=/tmp/upper,workdir=/tmp/work /usr');
      machine.write('/var/first.deb', readFileSync(first.built));
      await machine.done('dpkg --force-unsafe-io --install /var/first.deb');
      const policy = {
        packages: { allow: [] },
        settings: ['agent.update-channel'],
        ownPackages: { signers: [{ publicKey: key.publicKey }] },
      };
      machine.write('/etc/cordon-agent/system.json', JSON.stringify(policy));
      await machine.done('systemctl enable --now cordon-agent-system.socket');

      const ask = systemHelper(machine.path('/run/cordon-agent-system/socket'));
      const target = {
        channel: 'stable' as const,
        revision: 1,
        packages: [second.envelope],
        former: [first.envelope],
      };
      const update = (instance: string) => ask({ op: 'update-agent', target, instance, connected: true });
      const [before, after] = [randomUUID(), randomUUID()];
      expect(await update(before)).toMatchObject({ needs: [first.statement.sha256, second.statement.sha256] });
      for (const { envelope, built } of [first, second]) await ask({ op: 'offer-agent', envelope }, built);
      const helper = await machine.property('cordon-agent-system', 'MainPID');
      await update(before);
      await until(async () => expect(await update(before)).toMatchObject({ waits: true }), 60_000);
      const installed = `dpkg-query --show --showformat='\${Version}' ${AGENT_PACKAGE}`;
      expect(await machine.done(installed)).toBe('2.0');
      expect(await machine.property('cordon-agent-system', 'MainPID')).toBe(helper);
      expect(await update(after)).toMatchObject({ waits: false, applied: true });
      await until(async () => {
        expect(await update(after)).toMatchObject({ outcome: 'agent-update', applied: true });
        expect(await machine.property('cordon-agent-system', 'MainPID')).not.toBe(helper);
      }, 30_000);
    });
  });
});
