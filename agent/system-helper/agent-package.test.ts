/** Attempts to replace the agent by a change of software, which would pass the permission and the downgrade rule of its updates. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import type { PackageFields } from '../../tests/support/apt-machine.ts';
import { signedPackage, statementFor } from '../../tests/support/own-packages.ts';
import { rollbackOf, softwareChange } from '../../tests/support/package-requests.ts';
import { packageRoots } from '../../tests/support/package-root.ts';
import { type RpmFields, RpmMachine, rpmMachines } from '../../tests/support/rpm-machine.ts';
import { openSettingsMachine, type SettingsMachine, settingsMachines } from '../../tests/support/settings-machine.ts';
import { SystemHelper } from '../../tests/support/system-helper.ts';
import { until } from '../../tests/support/until.ts';
import type { ChangeRequest, HelperRequest } from './requests.ts';

const { key } = createKeyFile('the passphrase of a signer');
const REFUSED = {
  outcome: 'failed',
  code: 'not_permitted',
  detail: expect.stringMatching(/the agent of Cordon.*Nothing was changed.*agent\.update-channel/),
};

const own = (file: string, name: string, version: string): ChangeRequest => ({
  op: 'install-package',
  attempt: newCommandId(),
  change: randomUUID(),
  envelope: signedPackage(key, statementFor(file, name, version)),
});
const updateOs = (): ChangeRequest => ({
  op: 'update-os',
  attempt: newCommandId(),
  change: randomUUID(),
  scope: 'all',
});

describe.skipIf(!packageRoots.present)('a change with apt', { timeout: 120_000 }, () => {
  let helper: SystemHelper;
  beforeAll(async () => {
    helper = new SystemHelper();
    helper.allow({ allow: ['*'] }, [key.publicKey], { settings: ['software.required', 'software.forbidden'] });
    const { machine } = helper;
    machine.run('dpkg', '--install', machine.build(AGENT_PACKAGE, '0.2.0'));
    for (const version of ['0.1.0', '0.3.0']) machine.publish(AGENT_PACKAGE, version);
    for (const version of ['1.0', '2.0']) machine.publish('cordon-demo', version);
    machine.publish('cordon-needs', '1.0', { depends: `${AGENT_PACKAGE} (>= 0.3.0)` });
    await helper.start();
  }, 60_000);
  afterAll(() => helper?.remove());
  const installed = () => helper.machine.version(AGENT_PACKAGE);
  beforeEach(() => expect(installed()).toBe('0.2.0'));

  it('does not install a signed package of the agent, neither an older one nor a newer one', async () => {
    for (const version of ['0.1.9', '0.4.0']) {
      const file = helper.machine.build(AGENT_PACKAGE, version);
      expect(await helper.ask(own(file, AGENT_PACKAGE, version), file)).toMatchObject(REFUSED);
      expect(helper.machine.has(`state/packages/${statementFor(file, AGENT_PACKAGE, version).sha256}.deb`)).toBe(false);
    }
    expect(installed()).toBe('0.2.0');
  });

  it('does not change the agent by its name, with an architecture, or as a dependency', async () => {
    for (const [action, packages] of [
      ['install', [{ name: AGENT_PACKAGE, version: '0.1.0' }]],
      ['install', [{ name: `${AGENT_PACKAGE}:all`, version: '0.3.0' }]],
      ['update', [{ name: AGENT_PACKAGE }]],
      ['remove', [{ name: AGENT_PACKAGE }]],
      ['install', [{ name: 'cordon-needs' }]],
    ] as const) {
      expect(
        await helper.ask(softwareChange('apt', action, [...packages])),
        `${action} ${packages[0].name}`,
      ).toMatchObject(REFUSED);
      expect(installed()).toBe('0.2.0');
    }
  });

  it('updates all other packages, and says that the agent stays', async () => {
    await helper.ask(softwareChange('apt', 'install', [{ name: 'cordon-demo', version: '1.0' }]));
    expect(await helper.ask(updateOs())).toMatchObject({
      outcome: 'done',
      steps: [{ name: 'cordon-demo', from: '1.0', to: '2.0' }],
      detail: expect.stringMatching(/cordon-agent stays/),
    });
    expect(installed()).toBe('0.2.0');
  });

  it('does not change the agent for a policy that requires or forbids it', async () => {
    for (const settings of [
      { 'software.required': [`${AGENT_PACKAGE}>=0.3.0`] },
      { 'software.forbidden': [AGENT_PACKAGE] },
    ]) {
      expect(await helper.ask({ op: 'apply-settings', settings })).toMatchObject({
        settings: [{ outcome: 'not-permitted', detail: REFUSED.detail }],
      });
      expect(installed()).toBe('0.2.0');
    }
    await helper.ask({ op: 'apply-settings', settings: {} });
  });

  it('does not install a package that takes the place of the agent or contains its files', async () => {
    const other = (more: PackageFields, at: number) => helper.machine.build(`cordon-other-${at}`, '1.0', more);
    const attempts: readonly PackageFields[] = [
      { control: [`Provides: mail-reader, ${AGENT_PACKAGE} (= 9)`] },
      { control: [`Replaces: ${AGENT_PACKAGE} (<< 9)`] },
      { control: [`Breaks: ${AGENT_PACKAGE}:any`] },
      { control: [`Conflicts: ${AGENT_PACKAGE}`] },
      { file: 'usr/lib/cordon-agent/programs/cordon-agent.js' },
      { file: 'etc/cordon-agent/system.json' },
      { file: 'opt/cordon/agent/cordon-agent.js' },
      { file: 'usr/bin/cordon-agent' },
      { file: 'lib/systemd/system/cordon-agent-system.service.d/other.conf' },
      { file: 'etc/systemd/system/cordon-.service.d/other.conf' },
    ];
    for (const [at, fields] of attempts.entries()) {
      const file = other(fields, at);
      expect(await helper.ask(own(file, `cordon-other-${at}`, '1.0'), file), JSON.stringify(fields)).toMatchObject(
        REFUSED,
      );
      expect(helper.machine.version(`cordon-other-${at}`)).toBeNull();
    }
    helper.machine.publish('cordon-taker', '1.0', { control: [`Replaces: ${AGENT_PACKAGE}`] });
    expect(await helper.ask(softwareChange('apt', 'install', [{ name: 'cordon-taker' }]))).toMatchObject(REFUSED);
    expect([installed(), helper.machine.version('cordon-taker')]).toEqual(['0.2.0', null]);
    // A unit of another name is no file of the agent.
    const harmless = other({ file: 'usr/lib/systemd/system/cordon-other.service' }, 99);
    expect(await helper.ask(own(harmless, 'cordon-other-99', '1.0'), harmless)).toMatchObject({ outcome: 'done' });
  });
});

it.skipIf(!packageRoots.present)(
  'a rollback over the socket does not reverse an update of the agent',
  async () => {
    const helper = new SystemHelper();
    try {
      const { machine } = helper;
      helper.allow({ allow: ['*'] }, [key.publicKey], { settings: ['agent.update-channel'] });
      await helper.start();
      const envelopes = ['0.2.0', '0.3.0'].map((version) => {
        const file = machine.build(AGENT_PACKAGE, version);
        return { file, envelope: signedPackage(key, statementFor(file, AGENT_PACKAGE, version)) };
      });
      const [first, second] = envelopes;
      if (!first || !second) throw new Error('there are no packages');
      machine.run('dpkg', '--install', first.file);
      const request: HelperRequest = {
        op: 'update-agent',
        target: { channel: 'stable', revision: 1, packages: [second.envelope], former: [first.envelope] },
        instance: randomUUID(),
        connected: true,
      };
      await helper.ask(request);
      for (const { envelope, file } of envelopes) await helper.ask({ op: 'offer-agent', envelope }, file);
      await helper.ask(request);
      await until(() => expect(helper.log).toMatch(/change [0-9a-f-]+: done\. cordon-agent 0\.2\.0 → 0\.3\.0/), 30_000);
      const change = /change ([0-9a-f-]+): done\. cordon-agent/.exec(helper.log)?.[1] ?? '';
      expect(await helper.ask(rollbackOf({ ...updateOs(), change }))).toMatchObject(REFUSED);
      expect(machine.version(AGENT_PACKAGE)).toBe('0.3.0');
    } finally {
      await helper.remove();
    }
  },
  120_000,
);

describe.skipIf(!rpmMachines.present || !settingsMachines.present)('a change with dnf', { timeout: 120_000 }, () => {
  let rpm: RpmMachine;
  let machine: SettingsMachine;
  let helper: SystemHelper;
  beforeAll(async () => {
    rpm = new RpmMachine();
    machine = await openSettingsMachine();
    rpm.installOn(machine);
    rpm.publish([AGENT_PACKAGE, '0.2.0'], ['cordon-demo', '1.0']);
    await rpm.run('dnf', [...rpm.options.dnf, '--assumeyes', 'install', AGENT_PACKAGE, 'cordon-demo'], {
      within: 60_000,
    });
    helper = new SystemHelper(machine.inside);
    helper.allow({ allow: ['*'] }, [key.publicKey]);
    await helper.start();
  }, 60_000);
  afterAll(async () => {
    await helper?.remove();
    await machine?.remove();
    rpm?.remove();
  });

  it('leaves the agent as it is, under each name and with each package that takes its place', async () => {
    expect(rpm.version(AGENT_PACKAGE)).toBe('0.2.0-1');
    const attempts: readonly (readonly [string, RpmFields])[] = [
      [AGENT_PACKAGE, {}],
      ['cordon-other-a', { obsoletes: AGENT_PACKAGE }],
      ['cordon-other-b', { provides: `${AGENT_PACKAGE} = 9` }],
      ['cordon-other-c', { file: '/usr/lib/cordon-agent/programs/cordon-agent.js' }],
      ['cordon-other-d', { file: '/etc/cordon-agent/system.json' }],
    ];
    for (const [name, fields] of attempts) {
      const file = rpm.build(name, '9.0', fields);
      expect(await helper.ask(own(file, name, '9.0-1'), file), name).toMatchObject(REFUSED);
    }
    rpm.publish(
      [AGENT_PACKAGE, '0.3.0'],
      ['cordon-demo', '2.0'],
      ['cordon-taker', '1.0', { provides: AGENT_PACKAGE }],
      ['cordon-dropper', '1.0', { file: '/etc/systemd/system/cordon-agent.service.d/other.conf' }],
    );
    for (const name of [AGENT_PACKAGE, 'cordon-taker', 'cordon-dropper']) {
      const response = await helper.ask(
        softwareChange('dnf', 'install', [{ name, version: `${name === AGENT_PACKAGE ? '0.3.0' : '1.0'}-1` }]),
      );
      expect(response, name).toMatchObject(REFUSED);
    }
    expect(await helper.ask(softwareChange('dnf', 'remove', [{ name: AGENT_PACKAGE }]))).toMatchObject(REFUSED);
    expect(await helper.ask(updateOs())).toMatchObject({
      outcome: 'done',
      steps: [{ name: 'cordon-demo', from: '1.0-1', to: '2.0-1' }],
      detail: expect.stringMatching(/cordon-agent stays/),
    });
    expect([rpm.version(AGENT_PACKAGE), rpm.version('cordon-taker')]).toEqual(['0.2.0-1', null]);
  });
});
