/** Own packages on the system helper: signature, digest and control data are verified before the installation. */

import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { OwnPackage } from '../../shared/software/own-package.ts';
import { aptMachines } from '../../tests/support/apt-machine.ts';
import { signedPackage, statementFor } from '../../tests/support/own-packages.ts';
import { SystemHelper } from '../../tests/support/system-helper.ts';
import type { ChangeRequest } from './requests.ts';

const test = it.skipIf(!aptMachines.present);

const { key } = createKeyFile('the passphrase of a signer');
const { key: stranger } = createKeyFile('the passphrase of a stranger');
let helper: SystemHelper;
beforeAll(async () => {
  helper = new SystemHelper();
  helper.allow({ allow: [] }, [key.publicKey]);
  await helper.start();
}, 60_000);
afterAll(() => helper?.remove());

const install = (statement: OwnPackage, signer = key): ChangeRequest => ({
  op: 'install-package',
  attempt: newCommandId(),
  change: randomUUID(),
  envelope: signedPackage(signer, statement),
});

test('installs signed packages, and rolls back to an earlier one that is in no repository', async () => {
  const { ask, machine } = helper;
  const versions = ['1.0', '2.0'].map((version) => {
    const file = machine.build('cordon-own', version);
    return { file, request: install(statementFor(file, 'cordon-own', version)) };
  });
  for (const { file, request } of versions) expect(await ask(request, file)).toMatchObject({ outcome: 'done' });
  expect(machine.version('cordon-own')).toBe('2.0');
  const [, second] = versions;
  const back: ChangeRequest = {
    op: 'roll-back',
    attempt: newCommandId(),
    change: randomUUID(),
    of: second?.request.change ?? '',
  };
  expect(await ask(back)).toMatchObject({ outcome: 'done', detail: 'cordon-own 2.0 → 1.0.' });
  expect(machine.version('cordon-own')).toBe('1.0');
}, 60_000);

test('refuses a wrong signer, a changed file, and a file with other control data', async () => {
  const { ask, machine } = helper;
  const file = machine.build('cordon-bad', '1.0');
  const statement = statementFor(file, 'cordon-bad', '1.0');
  expect(await ask(install(statement, stranger), file)).toMatchObject({ outcome: 'failed', code: 'not_permitted' });

  const changed = `${file}.changed`;
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(changed, bytes);
  expect(await ask(install(statement), changed)).toMatchObject({
    code: 'invalid_input',
    detail: expect.stringMatching('The digest of the file is not the signed one. Nothing was changed.'),
  });
  expect(await ask(install({ ...statement, version: '0.9' }), file)).toMatchObject({
    code: 'invalid_input',
    detail: expect.stringMatching('The file contains cordon-bad 1.0'),
  });
  expect(machine.version('cordon-bad')).toBeNull();
  expect(await ask(install(statement), file)).toMatchObject({ outcome: 'done' });
}, 60_000);
