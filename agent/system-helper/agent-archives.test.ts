/** Attempts to change files and versions of the agent with unusual archives, links and relations. The packages are real ones. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import type { PackageFields } from '../../tests/support/apt-machine.ts';
import { signedPackage, statementFor } from '../../tests/support/own-packages.ts';
import { changesOn, softwareChange } from '../../tests/support/package-requests.ts';
import { packageRoots } from '../../tests/support/package-root.ts';
import { type RpmFields, RpmMachine, rpmMachines } from '../../tests/support/rpm-machine.ts';
import { SystemHelper } from '../../tests/support/system-helper.ts';
import { aptManager } from './apt.ts';
import type { Changes } from './changes.ts';
import { dnfManager } from './dnf.ts';
import { flatpakManager } from './flatpak.ts';
import { rpmClaims } from './rpm-claims.ts';

const { key } = createKeyFile('the passphrase of a signer');
const REFUSED = { outcome: 'failed', code: 'not_permitted', detail: expect.stringMatching(/the agent of Cordon/) };
let names = 0;
const nextName = (): string => {
  names += 1;
  return `cordon-other-${names}`;
};
const DROP_IN = 'etc/systemd/system/cordon-agent.service.d/other.conf';

describe.skipIf(!packageRoots.present)('a Debian package', { timeout: 120_000 }, () => {
  let helper: SystemHelper;
  beforeAll(async () => {
    helper = new SystemHelper();
    helper.allow({ allow: ['*'] }, [key.publicKey]);
    const { machine } = helper;
    machine.run('dpkg', '--install', machine.build(AGENT_PACKAGE, '2.0'));
    machine.publish(AGENT_PACKAGE, '1.0');
    mkdirSync(machine.path('run'));
    symlinkSync('/run', machine.path('var/run'));
    await helper.start();
  }, 60_000);
  afterAll(() => helper?.remove());

  /** Gives the helper an own package with these fields. */
  async function installOwn(fields: PackageFields) {
    const name = nextName();
    const file = helper.machine.build(name, '1.0', fields);
    const response = await helper.ask(
      {
        op: 'install-package',
        attempt: newCommandId(),
        change: randomUUID(),
        envelope: signedPackage(key, statementFor(file, name, '1.0')),
      },
      file,
    );
    expect(helper.machine.version(name)).toBe(response.outcome === 'done' ? '1.0' : null);
    expect(helper.machine.version(AGENT_PACKAGE)).toBe('2.0');
    return response;
  }

  /** Publishes a package with these fields, and asks the helper to install it. */
  async function installPublished(fields: PackageFields) {
    const name = nextName();
    helper.machine.publish(name, '1.0', fields);
    const response = await helper.ask(softwareChange('apt', 'install', [{ name }]));
    expect(helper.machine.version(AGENT_PACKAGE)).toBe('2.0');
    return response;
  }

  it('is refused with a file of the agent in an archive of an unusual form', async () => {
    expect(await installOwn({ file: DROP_IN, tar: ['etc'] })).toMatchObject(REFUSED);
    expect(await installOwn({ file: DROP_IN, tar: ['--owner=two words:0', './etc'] })).toMatchObject(REFUSED);
    expect(await installOwn({ file: DROP_IN, tar: ['--group=a b:0', '--absolute-names', 'etc'] })).toMatchObject(
      REFUSED,
    );
    expect(await installOwn({ file: 'opt/cordon/agent\nother', tar: ['opt'] })).toMatchObject(REFUSED);
    expect(await installOwn({ file: `${'long-name/'.repeat(15)}cordon-agent`, tar: ['long-name'] })).toMatchObject(
      REFUSED,
    );
    expect(await installOwn({ file: 'opt/harmless', tar: ['--owner=two words:0', 'opt'] })).toMatchObject({
      outcome: 'done',
    });
    expect(await installOwn({ tar: ['--format=pax', 'opt'] })).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringMatching(/cannot read the files of the Debian package/),
    });
  });

  it('is refused with a path through links of the machine, of another package or of the same change', async () => {
    expect(await installOwn({ file: 'var/run/systemd/system/cordon-agent.service.d/other.conf' })).toMatchObject(
      REFUSED,
    );
    expect(await installOwn({ links: { 'srv/apps': '/opt', 'usr/share/units': '/etc/systemd/system' } })).toMatchObject(
      {
        outcome: 'done',
      },
    );
    expect(await installOwn({ file: 'srv/apps/cordon/agent/cordon-agent.js' })).toMatchObject(REFUSED);
    expect(await installOwn({ file: 'srv/apps/cordon/other.js' })).toMatchObject(REFUSED);
    expect(await installOwn({ file: 'usr/share/units/cordon-agent.service.d/other.conf' })).toMatchObject(REFUSED);
    helper.machine.publish('cordon-links', '1.0', { links: { 'srv/more': '../opt' } });
    const through = { file: 'srv/more/cordon/other.js', depends: 'cordon-links' };
    expect(await installPublished(through)).toMatchObject(REFUSED);
    expect(await installOwn(through)).toMatchObject(REFUSED);
  });

  it('is refused with a link to a file of the agent', async () => {
    expect(await installOwn({ links: { 'etc/other.conf': 'cordon-agent/system.json' } })).toMatchObject(REFUSED);
    expect(await installOwn({ links: { 'etc/systemd/system/other.service': 'cordon-agent.service' } })).toMatchObject(
      REFUSED,
    );
  });

  it('is refused with a file of the agent in its list of settings, which dpkg would move away', async () => {
    const conffiles = ['remove-on-upgrade /etc/cordon-agent/system.json'];
    expect(await installOwn({ conffiles })).toMatchObject(REFUSED);
  });

  it('of a repository is refused for the same reasons', async () => {
    expect(await installPublished({ file: DROP_IN })).toMatchObject(REFUSED);
    expect(await installPublished({ file: DROP_IN, tar: ['etc'] })).toMatchObject(REFUSED);
    helper.machine.publish('cordon-part', '1.0', { file: DROP_IN });
    expect(await installPublished({ depends: 'cordon-part' })).toMatchObject(REFUSED);
    expect(helper.machine.has(DROP_IN)).toBe(false);
    helper.machine.publish('cordon-harmless', '1.0', { file: 'usr/lib/systemd/system/service.d/other.conf' });
    expect(await installPublished({ depends: 'cordon-harmless' })).toMatchObject({ outcome: 'done' });
    expect(helper.machine.version('cordon-harmless')).toBe('1.0');
  });

  it('is refused if it is the agent under another name in the list of a repository', async () => {
    const { machine } = helper;
    machine.publish(AGENT_PACKAGE, '9.0', { file: 'opt/other' });
    const list = machine.path('repository/Packages');
    const renamed = readFileSync(list, 'utf8').replace(
      `Package: ${AGENT_PACKAGE}\nVersion: 9.0`,
      'Package: cordon-renamed\nVersion: 9.0',
    );
    writeFileSync(list, renamed);
    expect(await helper.ask(softwareChange('apt', 'install', [{ name: 'cordon-renamed' }]))).toMatchObject(REFUSED);
    expect(machine.version(AGENT_PACKAGE)).toBe('2.0');
    rmSync(machine.path(`repository/${AGENT_PACKAGE}_9.0_all.deb`));
  });

  it('is refused if it forces or keeps an earlier version of the agent', async () => {
    // With this priority, apt installs the version 1.0 of the repository (apt_preferences(5)).
    const preference = ['Package: cordon-agent', 'Pin: version 1.0', 'Pin-Priority: 1001', ''];
    writeFileSync(helper.machine.path('etc/apt/preferences.d/agent'), preference.join('\n'));
    for (const install of [installOwn, installPublished]) {
      expect(await install({ depends: `${AGENT_PACKAGE} (<< 2.0)` })).toMatchObject(REFUSED);
      expect(await install({ control: [`Pre-Depends: ${AGENT_PACKAGE} (= 1.0)`] })).toMatchObject(REFUSED);
      expect(await install({ control: [`Breaks: ${AGENT_PACKAGE} (>> 1.0)`] })).toMatchObject(REFUSED);
      expect(await install({ depends: `${AGENT_PACKAGE} (<< 3.0)` })).toMatchObject(REFUSED);
      expect(await install({ depends: `cordon-none | ${AGENT_PACKAGE} (= 2.0)` })).toMatchObject(REFUSED);
      expect(await install({ depends: `${AGENT_PACKAGE} (>= 1.0)` })).toMatchObject({ outcome: 'done' });
    }
  });
});

describe.skipIf(!rpmMachines.present)('an RPM package', { timeout: 400_000 }, () => {
  let machine: RpmMachine;
  let changes: Changes;
  let server: Server;
  beforeAll(async () => {
    machine = new RpmMachine();
    machine.publish([AGENT_PACKAGE, '2.0']);
    await machine.run('dnf', [...machine.options.dnf, '--assumeyes', 'install', AGENT_PACKAGE], { within: 60_000 });
    machine.publish([AGENT_PACKAGE, '1.0'], ['cordon-links', '1.0', { link: { path: '/srv/more', target: '../opt' } }]);
    const apt = aptManager(machine.run);
    const dnf = dnfManager(machine.run, machine.options);
    changes = changesOn(machine, { apt, dnf, flatpak: flatpakManager(machine.run) }, { allow: ['*'], deny: [] });
    server = createServer((request, response) => {
      try {
        response.end(readFileSync(machine.path(`repository${request.url}`)));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }, 120_000);
  afterAll(() => {
    server?.close();
    machine?.remove();
  });

  async function install(fields: RpmFields) {
    const name = nextName();
    machine.publish([name, '1.0', fields]);
    const response = await changes.make(softwareChange('dnf', 'install', [{ name }]));
    expect(machine.version(name)).toBe(response.outcome === 'done' ? '1.0-1' : null);
    expect(machine.version(AGENT_PACKAGE)).toBe('2.0-1');
    return response;
  }

  it('is refused with a file of the agent, also through links and from a server', async () => {
    for (const address of [
      `file://${machine.path('repository')}`,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ]) {
      machine.readRepositoryFrom(address);
      const link = { path: '/usr/lib/systemd/system/other.service', target: 'cordon-agent.service' };
      expect(await install({ file: `/${DROP_IN}` }), address).toMatchObject(REFUSED);
      expect(await install({ link }), address).toMatchObject(REFUSED);
      expect(await install({ file: '/srv/more/cordon/other.js', requires: 'cordon-links' }), address).toMatchObject(
        REFUSED,
      );
      expect(await install({ requires: 'cordon-links', epoch: 1 }), address).toMatchObject({ outcome: 'done' });
    }
  });

  it('is refused if it forces or keeps an earlier version of the agent, also with a rich dependency', async () => {
    for (const fields of [
      { conflicts: `(${AGENT_PACKAGE} > 3 with ${AGENT_PACKAGE} < 9)` },
      { requires: `(${AGENT_PACKAGE} < 9 if ${AGENT_PACKAGE})` },
      { requires: `${AGENT_PACKAGE} < 2.0` },
      { requires: `${AGENT_PACKAGE} < 9` },
      { obsoletes: `${AGENT_PACKAGE} < 1` },
      { conflicts: '/etc/cordon-agent/system.json' },
    ] satisfies readonly RpmFields[]) {
      expect(await install(fields), JSON.stringify(fields)).toMatchObject(REFUSED);
    }
    expect(await install({ requires: `${AGENT_PACKAGE} >= 1` })).toMatchObject({ outcome: 'done' });
  });

  it('of the organization has its claims read from the header', async () => {
    const file = machine.build('cordon-own', '1.0', {
      file: '/opt/own',
      link: { path: '/srv/own', target: '/etc' },
      conflicts: '(one > 1 with two)',
      requires: 'three <= 4, five >= 6',
    });
    const { identity, names, files } = await rpmClaims(machine.run, file);
    expect(identity).toBe('cordon-own 0:1.0-1');
    expect(names).toEqual(expect.arrayContaining(['cordon-own', 'one', 'two', 'three']));
    expect(names).not.toContain('five');
    expect(files).toEqual([
      { path: '/opt/own', target: null },
      { path: '/srv/own', target: '/etc' },
    ]);
  });
});
