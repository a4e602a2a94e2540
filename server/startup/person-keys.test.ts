import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { testCustody } from '../../tests/support/custody.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { createPersonKeys } from '../person-keys/person-keys.ts';
import { dayEnd } from '../store/connection-log.ts';
import { installationId } from '../store/meta-store.ts';
import { checkPersonKeys, judgePersonKeys, type PersonKeyFacts } from './person-keys.ts';

const FILE = { installation: 'ins_a', id: 'k1' };
const FACTS: PersonKeyFacts = {
  installation: 'ins_a',
  recorded: 'k1',
  file: FILE,
  missing: 0,
  accepted: false,
  path: '/keys/person-keys.db',
};

it.each([
  ['a new installation', { installation: null, recorded: null, file: null }, 'found'],
  ['an older store without keys', { recorded: null, file: null }, 'found'],
  ['a first start that was interrupted', { recorded: null }, 'bind'],
  ['the keys of the store', {}, 'open'],
  ['a missing file, accepted', { file: null, accepted: true }, 'found'],
  ['another file, accepted', { file: { ...FILE, id: 'k2' }, accepted: true }, 'bind'],
  ['an older copy, accepted', { missing: 3, accepted: true }, 'open'],
] as const)('case 38: opens %s', (_, change, verdict) => {
  expect(judgePersonKeys({ ...FACTS, ...change })).toBe(verdict);
});

it.each([
  ['a store without its keys', { file: null }, 'person_keys_missing'],
  ['keys without their store', { installation: null, recorded: null }, 'other_person_keys'],
  ['keys of another installation', { file: { installation: 'ins_b', id: 'k1' } }, 'other_person_keys'],
  [
    'keys of another installation, also if accepted',
    { file: { installation: 'ins_b', id: 'k1' }, accepted: true },
    'other_person_keys',
  ],
  ['another key file of the installation', { file: { ...FILE, id: 'k2' } }, 'other_person_keys'],
  ['an older copy of the keys', { missing: 1 }, 'person_keys_older'],
] as const)('case 38: refuses %s with a remedy', (_, change, reason) => {
  expect(() => judgePersonKeys({ ...FACTS, ...change })).toThrow(
    expect.objectContaining({
      code: 'installation_mismatch',
      context: { reason, path: FACTS.path },
      message: expect.stringMatching(/Nothing was changed\. .*CORDON_PERSON_KEYS/s),
    }),
  );
});

it('finds a lost and an older key file of a real store, and accepts the loss once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-keys-'));
  const database = await openNewStore(join(folder, 'cordon.db'));
  try {
    const installation = await installationId(database);
    const path = join(folder, 'keys', 'person-keys.db');
    const check = (accepted = false, at = path) => checkPersonKeys(at, database.db, accepted);
    const file = await (await check()).open(database.db, installation);
    const person = newPersonId();
    const day = dayEnd(Date.now());
    const place = { person, at: day, row: 'r' };
    const [sealed = ''] = createPersonKeys(file, testCustody()).seal('connections', [
      { ...place, plain: Buffer.from('x') },
    ]);
    await database.db
      .insertInto('connection_log')
      .values({ person_id: person, day_end: day, id: 'r', sealed })
      .execute();
    (await (await check()).open(database.db, installation)).close();
    file.destroy([{ person, use: 'connections', period: Math.floor(day / (30 * 86_400_000)) }]);
    file.close();
    await expect(check()).rejects.toMatchObject({ context: { reason: 'person_keys_older' } });
    const elsewhere = join(folder, 'elsewhere', 'person-keys.db');
    await expect(check(false, elsewhere)).rejects.toMatchObject({ context: { reason: 'person_keys_missing' } });
    (await (await check(true, elsewhere)).open(database.db, installation)).close();
    await expect(check(false, path)).rejects.toMatchObject({ context: { reason: 'other_person_keys' } });
    expect(await database.db.selectFrom('connection_log').selectAll().execute()).toEqual([]);
    (await (await check(false, elsewhere)).open(database.db, installation)).close();
  } finally {
    await database.close();
    rmSync(folder, { recursive: true });
  }
});
