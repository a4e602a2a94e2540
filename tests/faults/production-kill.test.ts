/** kill -9 around the storage of a production: nothing readable remains, and a restart produces exactly once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { CANARY, DAY, deskOn, START } from '../support/desk-store-world.ts';
import { openNewStore } from '../support/new-store.ts';
import { testPersonKeys } from '../support/person-keys.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 1);
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An approved request on a store in files, and the process that produces the request and dies. */
async function approvedOnDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-production-'));
  folders.push(folder);
  const [file, keys] = [join(folder, 'cordon.db'), join(folder, 'person-keys.db')];
  const database = await openNewStore(file);
  const keyFile = new PersonKeyFile(keys);
  const world = await deskOn(database, START - 40 * DAY, testPersonKeys(keyFile));
  await world.connect(world.device, START - 2 * DAY, 1_000);
  world.clock.jump(START);
  const id = await world.approved();
  const people = [world.ada, world.ben, world.clerk].map(({ person, keyid, publicKey, rpId }) => ({
    person,
    keyid,
    publicKey,
    rpId,
  }));
  const produceAndDie = (die: 'before' | 'after') => {
    const task = join(folder, 'task.json');
    writeFileSync(task, JSON.stringify({ database: file, keys, disclosure: id, at: START, people, die }));
    const { signal, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'producer-process.ts'), task]);
    expect(signal, stderr.toString()).toBe('SIGKILL');
    rmSync(task);
  };
  return { folder, database, keyFile, world, id, produceAndDie };
}

it('case 45: a process killed after sealing and before logging leaves nothing, and the restart produces once', async () => {
  const { folder, database, keyFile, world, id, produceAndDie } = await approvedOnDisk();
  for (let kill = 0; kill < KILLS; kill += 1) produceAndDie('before');
  expect(await world.entries('disclosure.produced')).toBe(0);
  expect((await world.show(id)).state).toBe('approved');
  await expect(world.desk.sealedFile(id)).rejects.toMatchObject({ code: 'disclosure_not_approved' });
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    for (const plain of ['cordon-production-1', '"record":"connection-log"'])
      expect(bytes.includes(plain), name).toBe(false);
  }

  await world.produce(id);
  expect(await world.entries('disclosure.produced')).toBe(1);
  expect(await world.opened(id)).toContain(CANARY);
  await database.close();
  keyFile.close();
});

it('case 45: a process killed after logging has produced, and no second production follows', async () => {
  const { database, keyFile, world, id, produceAndDie } = await approvedOnDisk();
  produceAndDie('after');
  expect(await world.entries('disclosure.produced')).toBe(1);
  expect(await world.opened(id)).toContain(CANARY);
  await expect(world.produce(id)).rejects.toMatchObject({ code: 'disclosure_already_produced' });
  await database.close();
  keyFile.close();
});
