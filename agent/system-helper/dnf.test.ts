/** Changes of software with the real dnf and rpm, on a machine of its own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { SoftwareChange } from '../../shared/software/software-change.ts';
import { changesOn, rollbackOf, softwareChange } from '../../tests/support/package-requests.ts';
import { RpmMachine, rpmMachines } from '../../tests/support/rpm-machine.ts';
import { aptManager } from './apt.ts';
import type { Changes } from './changes.ts';
import { dnfManager, parseInstalledRpms, parseTransaction } from './dnf.ts';
import { flatpakManager } from './flatpak.ts';

describe.skipIf(!rpmMachines.present)('dnf', { timeout: 400_000 }, () => {
  let machine: RpmMachine;
  let changes: Changes;
  beforeAll(() => {
    machine = new RpmMachine();
    machine.publish(
      ['cordon-lib', '1.0'],
      ['cordon-demo', '1.0', { requires: 'cordon-lib' }],
      ['cordon-extra', '1.0'],
      ['cordon-demo', '2.0', { requires: 'cordon-lib, cordon-extra' }],
      ['cordon-secret', '1.0'],
      ['cordon-spy', '1.0', { requires: 'cordon-secret' }],
      ['cordon-frail', '1.0'],
      ['cordon-frail', '2.0', { pre: 'error("the database is missing")' }],
      ['cordon-heir', '1.0', { obsoletes: 'cordon-lib' }],
    );
    const apt = aptManager(machine.run);
    const dnf = dnfManager(machine.run, machine.options);
    const flatpak = flatpakManager(machine.run);
    changes = changesOn(machine, { apt, dnf, flatpak }, { allow: ['cordon-*'], deny: ['cordon-secret'] });
  }, 120_000);
  afterAll(() => machine?.remove());

  const change = (action: SoftwareChange['action'], packages: SoftwareChange['packages']) =>
    softwareChange('dnf', action, packages);
  const versions = () => ['cordon-demo', 'cordon-lib', 'cordon-extra'].map((name) => machine.version(name));

  it('installs with dependencies, updates, removes and rolls back each change', async () => {
    const install = change('install', [{ name: 'cordon-demo', version: '1.0-1' }]);
    expect(await changes.make(install)).toMatchObject({
      outcome: 'done',
      detail: 'cordon-demo 1.0-1 installed, cordon-lib 1.0-1 installed.',
    });
    expect(versions()).toEqual(['1.0-1', '1.0-1', null]);
    const repeated = change('install', [{ name: 'cordon-demo' }]);
    expect(await changes.make(repeated)).toMatchObject({ detail: 'No change was necessary.' });

    const update = change('update', [{ name: 'cordon-demo' }]);
    expect(await changes.make(update)).toMatchObject({
      outcome: 'done',
      detail: 'cordon-demo 1.0-1 → 2.0-1, cordon-extra 1.0-1 installed.',
    });
    expect(await changes.make(rollbackOf(install))).toMatchObject({ outcome: 'failed', code: 'conflict' });
    // The rollback downgrades one package and removes another.
    expect(await changes.make(rollbackOf(update))).toMatchObject({ outcome: 'done' });
    expect(versions()).toEqual(['1.0-1', '1.0-1', null]);

    const needed = change('remove', [{ name: 'cordon-lib' }]);
    expect(await changes.make(needed)).toMatchObject({
      outcome: 'failed',
      code: 'conflict',
      detail: expect.stringContaining('would also remove cordon-demo'),
    });
    const remove = change('remove', [{ name: 'cordon-demo' }]);
    expect(await changes.make(remove)).toMatchObject({ outcome: 'done', detail: 'cordon-demo 1.0-1 removed.' });
    expect(versions()).toEqual([null, '1.0-1', null]);
    expect(await changes.make(rollbackOf(remove))).toMatchObject({ outcome: 'done' });
    expect(versions()).toEqual(['1.0-1', '1.0-1', null]);

    const os = { op: 'update-os', attempt: newCommandId(), change: randomUUID(), scope: 'all' } as const;
    expect(await changes.make(os)).toMatchObject({ outcome: 'done' });
    expect(versions()).toEqual(['2.0-1', '1.0-1', '1.0-1']);
    expect(await changes.make(rollbackOf(os))).toMatchObject({ outcome: 'done' });
    expect(await changes.make(rollbackOf(install))).toMatchObject({ outcome: 'done' });
    expect(versions()).toEqual([null, null, null]);
  });

  it('restores the earlier version if a package fails, and reports the failure', async () => {
    const first = change('install', [{ name: 'cordon-frail', version: '1.0-1' }]);
    expect(await changes.make(first)).toMatchObject({ outcome: 'done' });
    const broken = await changes.make(change('update', [{ name: 'cordon-frail' }]));
    expect(broken).toMatchObject({ outcome: 'failed', code: 'failed' });
    expect(broken.detail).toMatch(/^(?:Nothing was changed|The earlier versions are restored)\. dnf failed\./);
    expect(machine.version('cordon-frail')).toBe('1.0-1');
    await changes.make(rollbackOf(first));
  });

  it('changes nothing for what the policy or the repositories do not allow', async () => {
    const make = (packages: SoftwareChange['packages'], action: SoftwareChange['action'] = 'install') =>
      changes.make(change(action, packages));
    expect(await make([{ name: 'bash' }])).toMatchObject({ code: 'not_permitted' });
    expect(await make([{ name: 'cordon-spy' }])).toMatchObject({ code: 'not_permitted' });
    expect(await make([{ name: 'cordon-none' }])).toMatchObject({ code: 'not_found' });
    expect(await make([{ name: 'cordon-demo', version: '9.9-1' }])).toMatchObject({ outcome: 'failed' });
    expect(await make([{ name: 'cordon-demo.rpm' }])).toMatchObject({ code: 'invalid_input' });
    expect(await make([{ name: 'cordon-demo:noarch' }])).toMatchObject({ code: 'invalid_input' });
    // The name and the version of a package together are not the name of another one.
    expect(await make([{ name: 'cordon', version: 'demo-1.0-1' }])).toMatchObject({ code: 'not_permitted' });
    expect(await make([{ name: 'cordon-demo-1.0', version: '1' }])).toMatchObject({ code: 'not_found' });
    expect(await changes.make({ ...change('install', [{ name: 'cordon-lib' }]), manager: 'apt' })).toMatchObject({
      code: 'not_supported',
    });
    const lib = change('install', [{ name: 'cordon-lib' }]);
    expect(await changes.make(lib)).toMatchObject({ outcome: 'done' });
    // This package replaces another one, which the change does not name.
    expect(await make([{ name: 'cordon-heir' }])).toMatchObject({ outcome: 'failed', code: 'conflict' });
    expect(machine.version('cordon-lib')).toBe('1.0-1');
    await changes.make(rollbackOf(lib));
    expect(['cordon-spy', 'cordon-secret', 'cordon-heir', 'cordon-lib'].map((name) => machine.version(name))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

it('reads the table of a transaction', () => {
  const table = `Dependencies resolved.
================================================================================
 Package          Arch    Version        Repository  Size
================================================================================
Installing:
 openssl          x86_64  1:3.0.7-2.el9  baseos     1.1 M
     replacing  old-ssl.x86_64 1.0-1
 a-very-long-name-of-a-package-that-needs-a-line-of-its-own
                  noarch  0:2.0-1        test        6 k
Installing dependencies:
 libs             x86_64  3.0.7-2        baseos     2.1 M
Downgrading:
 tool             noarch  1.0-1          test        6 k
Removing:
 gone             noarch  1.0-1          @test        0

Transaction Summary
================================================================================
Install  3 Packages
`;
  expect(parseTransaction(table)).toEqual([
    { name: 'openssl', to: '1:3.0.7-2.el9' },
    { name: 'old-ssl', to: null },
    { name: 'a-very-long-name-of-a-package-that-needs-a-line-of-its-own', to: '2.0-1' },
    { name: 'libs', to: '3.0.7-2' },
    { name: 'tool', to: '1.0-1' },
    { name: 'gone', to: null },
  ]);
});

it('refuses a package of which several versions are installed', () => {
  expect(parseInstalledRpms('bash\t0:5.2-1\nbash\t0:5.2-1\npackage x is not installed\n').get('bash')).toEqual({
    version: '5.2-1',
    complete: true,
  });
  expect(() => parseInstalledRpms('kernel\t0:6.1-1\nkernel\t0:6.2-1\n')).toThrow(/Several versions of kernel/);
});
