/** The keys of people of a real server: lost, refused at the start with a remedy, and restored from their own backup. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { temporaryIdentity } from '../../shared/age/stream.ts';
import { openWorld } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnEachDatabase } from '../support/each-database.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';

const CORDON = programPath('server/cordon.js');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describeOnEachDatabase('the keys of people', (database: DatabaseUnderTest) => {
  it('are in a second backup, and a server without them refuses to start until they are restored', async () => {
    const world = await openWorld(await database.env());
    closing.push(world.remove);
    const { server, operator } = world;
    const folder = mkdtempSync(join(tmpdir(), 'cordon-person-keys-'));
    closing.push(async () => rmSync(folder, { recursive: true, force: true }));
    const { identity, recipient } = await temporaryIdentity();
    writeFileSync(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
    const agent = await world.enrolled();
    agent.run();
    await agent.connected();
    await agent.stop();

    const backup = join(folder, 'backup.age');
    const env = { CORDON_SERVER: server.admin, CORDON_TOKEN: operator.owner.token, XDG_CONFIG_HOME: folder };
    const made = await runProgram(process.execPath, [CORDON, 'backup', backup, '--recipient', recipient], { env });
    expect([made.code, made.err]).toEqual([0, '']);
    expect(existsSync(`${backup}.keys`)).toBe(true);

    await server.kill();
    const keys = join(server.home, 'person-keys', 'person-keys.db');
    for (const end of ['', '-wal', '-shm']) rmSync(`${keys}${end}`, { force: true });
    await expect(server.start()).rejects.toThrow(/The database needs the keys of people, and the file .* is missing/);
    expect(existsSync(keys)).toBe(false);

    const restore = (file: string) =>
      runProgram(process.execPath, [CORDON, 'restore-person-keys', file, '--identity', join(folder, 'identity')], {
        env: server.env,
      });
    const wrong = await restore(backup);
    expect([wrong.code, wrong.err]).toEqual([expect.any(Number), expect.stringContaining('not a backup of the keys')]);
    expect(wrong.code).not.toBe(0);
    const restored = await restore(`${backup}.keys`);
    expect([restored.code, restored.out]).toEqual([0, expect.stringContaining('keys restored from the backup')]);
    await server.start();
    expect(readFileSync(keys).length).toBeGreaterThan(0);

    await server.kill();
    for (const end of ['', '-wal', '-shm']) rmSync(`${keys}${end}`, { force: true });
    await server.start({ CORDON_ACCEPT_LOST_PERSON_KEYS: 'true' });
    await server.kill();
    await server.start();
  });
});
