/** Own packages of rpm on the system helper as a process, with the real dnf and rpm on a machine of its own. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { OwnPackage } from '../../shared/software/own-package.ts';
import { signedPackage, statementFor } from '../../tests/support/own-packages.ts';
import { rollbackOf } from '../../tests/support/package-requests.ts';
import { RpmMachine, rpmMachines } from '../../tests/support/rpm-machine.ts';
import { openSettingsMachine, type SettingsMachine, settingsMachines } from '../../tests/support/settings-machine.ts';
import { SystemHelper } from '../../tests/support/system-helper.ts';
import { until } from '../../tests/support/until.ts';
import type { ChangeRequest } from './requests.ts';

const present = settingsMachines.present && rpmMachines.present;
const { key } = createKeyFile('the passphrase of a signer');

describe.skipIf(!present)('own packages of rpm', { timeout: 120_000 }, () => {
  let rpm: RpmMachine;
  let machine: SettingsMachine;
  let helper: SystemHelper;
  beforeAll(async () => {
    rpm = new RpmMachine();
    rpm.publish(['cordon-lib', '1.0']);
    machine = await openSettingsMachine();
    rpm.installOn(machine);
    helper = new SystemHelper(machine.inside);
    helper.allow({ allow: [] }, [key.publicKey]);
    await helper.start();
  }, 60_000);
  afterAll(async () => {
    await helper?.remove();
    await machine?.remove();
    rpm?.remove();
  });

  const install = (statement: OwnPackage): ChangeRequest => ({
    op: 'install-package',
    attempt: newCommandId(),
    change: randomUUID(),
    envelope: signedPackage(key, statement),
  });

  it('are installed with their dependencies, and rolled back to an earlier file that is in no repository', async () => {
    const [first, second] = (['1.0', '2.0'] as const).map((version) => {
      const file = rpm.build('cordon-own', version, { requires: 'cordon-lib' });
      return { file, request: install(statementFor(file, 'cordon-own', `${version}-1`)) };
    });
    if (!first || !second) throw new Error('there are no packages');
    expect(await helper.ask(first.request, first.file)).toMatchObject({
      outcome: 'done',
      detail: expect.stringMatching(/cordon-own 1\.0-1 installed/),
    });
    expect(['cordon-own', 'cordon-lib'].map((name) => rpm.version(name))).toEqual(['1.0-1', '1.0-1']);
    expect(await helper.ask(second.request, second.file)).toMatchObject({
      outcome: 'done',
      detail: 'cordon-own 1.0-1 → 2.0-1.',
    });
    expect(await helper.ask(rollbackOf(second.request))).toMatchObject({
      outcome: 'done',
      detail: 'cordon-own 2.0-1 → 1.0-1.',
    });
    expect(rpm.version('cordon-own')).toBe('1.0-1');
    expect(await helper.ask(rollbackOf(first.request))).toMatchObject({ outcome: 'done' });
    expect(['cordon-own', 'cordon-lib'].map((name) => rpm.version(name))).toEqual([null, null]);
  });

  it('are refused with another digest, other facts, as a source package, and in another format', async () => {
    const file = rpm.build('cordon-bad', '1.0');
    const statement = statementFor(file, 'cordon-bad', '1.0-1');
    const changed = `${file}.changed`;
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(changed, bytes);
    expect(await helper.ask(install(statement), changed)).toMatchObject({
      detail: expect.stringMatching('The digest of the file is not the signed one. Nothing was changed.'),
    });
    expect(await helper.ask(install({ ...statement, architecture: 'x86_64' }), file)).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringMatching(/The file contains cordon-bad 1\.0-1 \(noarch\), but the signature is for/),
    });
    const source = rpm.buildSource('cordon-bad', '1.0');
    expect(await helper.ask(install(statementFor(source, 'cordon-bad', '1.0-1')), source)).toMatchObject({
      code: 'invalid_input',
    });
    // rpm would open each path in a text.
    const manifest = rpm.path('own/manifest.rpm');
    writeFileSync(manifest, `${file}\n`);
    expect(await helper.ask(install(statementFor(manifest, 'cordon-bad', '1.0-1')), manifest)).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringMatching(/^The file is not an RPM package/),
    });
    const deb = helper.machine.build('cordon-deb', '1.0');
    expect(await helper.ask(install(statementFor(deb, 'cordon-deb', '1.0')), deb)).toMatchObject({
      code: 'not_supported',
      detail: expect.stringMatching(/cannot install a package of the format deb/),
    });
    expect(rpm.version('cordon-bad')).toBeNull();
  });

  it('are completed after kill -9 of the helper and of dnf', async () => {
    const pre = 'io.open("/started", "w"):close(); while not posix.access("/go") do posix.sleep(1) end';
    const file = rpm.build('cordon-slow', '1.0', { pre });
    const request = install(statementFor(file, 'cordon-slow', '1.0-1'));
    const lost = helper.ask(request, file).catch((error: Error) => error);
    await until(() => expect(existsSync(rpm.path('root/started'))).toBe(true), 60_000);
    await helper.kill();
    expect(await lost).toBeInstanceOf(Error);
    writeFileSync(rpm.path('root/go'), '');
    await helper.start();
    expect(await helper.ask(request, file)).toMatchObject({
      outcome: 'done',
      steps: [{ name: 'cordon-slow', from: null, to: '1.0-1' }],
      detail: expect.stringMatching(/^cordon-slow 1\.0-1 installed\. An earlier attempt was interrupted/),
    });
    expect(rpm.version('cordon-slow')).toBe('1.0-1');
    expect(await helper.ask(rollbackOf(request))).toMatchObject({ outcome: 'done' });
    expect(rpm.version('cordon-slow')).toBeNull();
  });
});
