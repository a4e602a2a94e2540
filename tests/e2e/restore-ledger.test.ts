/** The public ledger after a restore without a newer copy of it. Server and agents are real processes. This also covers case 38. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryIdentity } from '../../shared/age/stream.ts';
import { alertList } from '../../shared/api/devices.ts';
import { recoveryView } from '../../shared/api/recovery.ts';
import { copyLedger, ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { createCodes } from '../support/codes.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnSqliteFirst } from '../support/each-database.ts';
import { foundOrganization } from '../support/organization.ts';
import { type Caller, callerOf, signIn } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const CORDON = programPath('server/cordon.js');
const SLOW = 60_000;

/** Enrolls a device of a new person who can write messages. `api`: admin who creates the code. */
async function person({ group }: World, api: Caller, user: string): Promise<AgentProcess> {
  const agent = new AgentProcess();
  closing.push(() => agent.remove());
  const { link } = await createCodes(api)({ user, group, home: 'SE' });
  await agent.enroll(link);
  agent.run();
  await agent.connected(SLOW);
  await until(async () => expect((await agent.status()).messaging.state).toBe('ready'), SLOW, 500);
  return agent;
}

async function send(from: AgentProcess, to: string, text: string): Promise<void> {
  await until(async () => {
    const { code, err } = await from.cli(['send', to, text]);
    expect([code, err]).toEqual([0, '']);
  }, SLOW);
}

/** Size of the largest ledger that the agent has verified. */
function seenBy(agent: AgentProcess): number {
  const [row] = agent.query("select value from state where name = 'ledger'");
  const { note } = z.looseObject({ note: z.string() }).parse(JSON.parse(String(row?.['value'])));
  return Number(note.split('\n')[1]);
}

async function signInAgain({ server, operator }: World): Promise<Caller> {
  const { signIn: owner } = operator.owner;
  return callerOf(server.admin, await until(() => signIn(server.admin, owner, Date.now() + 30_000), SLOW));
}

const show = (owner: Caller) => owner.call('GET', '/recovery', recoveryView);
const resume = (owner: Caller, body: object = {}) => owner.call('POST', '/recovery/ledger/resume', z.unknown(), body);

describeOnSqliteFirst('the ledger after a restore without a copy', (database: DatabaseUnderTest) => {
  it('an admin resumes the ledger when it contains every shown checkpoint; a device with a larger checkpoint pauses it again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-restore-test-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const { identity, recipient } = await temporaryIdentity();
    writeFileSync(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
    const world = await openWorld(await database.env());
    closing.push(world.remove);
    const { server, operator } = world;
    // The restore ends the owner's token, so the owner signs in again.
    let owner = operator.owner.api;
    const api: Pick<Caller, 'call'> = { call: (...asked) => owner.call(...asked) };
    const organization = await foundOrganization({ api }, operator.approvers);
    const stopCountersigning = organization.keepCountersigning(1_000);
    closing.push(() => stopCountersigning().catch(() => undefined));
    const [amina, bilal] = [await person(world, owner, 'Amina'), await person(world, owner, 'Bilal')];
    await send(amina, 'Bilal', 'before the backup');
    const seen = seenBy(amina);

    const backup = join(folder, 'backup.age');
    const made = await runProgram(process.execPath, [CORDON, 'backup', backup, '--recipient', recipient], {
      env: { CORDON_SERVER: server.admin, CORDON_TOKEN: operator.owner.token, XDG_CONFIG_HOME: folder },
    });
    expect([made.code, made.err]).toEqual([0, '']);
    // Entries after the backup, which only Bilal's device has seen.
    await amina.stop();
    await person(world, owner, 'Carla');
    await send(bilal, 'Carla', 'after the backup');
    const later = seenBy(bilal);
    expect(later).toBeGreaterThan(seen);
    await bilal.stop();
    await server.kill();

    const home = join(folder, 'new-machine');
    const there: Record<string, string> = { ...server.env, CORDON_HOME: home, ...(await database.env()) };
    const args = ['restore', backup, '--identity', join(folder, 'identity')];
    const restored = await runProgram(process.execPath, [CORDON, ...args], { env: there, within: SLOW });
    expect([restored.code, restored.err]).toEqual([0, '']);
    expect(restored.out).toContain('1 conversation');
    await server.start(there);
    owner = await signInAgain(world);
    const ca = readFileSync(join(home, 'keys', 'root.crt'), 'utf8');
    const copy = join(folder, 'shown');
    const { checkpoint } = await copyLedger(ledgerAt(world.server.public, ca), copy);
    expect(checkpoint.size).toBeLessThan(later);

    // 1. Without evidence, an admin cannot resume the ledger.
    await expect(resume(owner)).rejects.toThrow('No device has reported a checkpoint');
    expect((await show(owner)).evidence).toMatchObject({ responded: 0, obstacle: expect.any(String) });

    // 2. Amina's device shows a checkpoint that the restored ledger contains.
    amina.run();
    await amina.connected(SLOW);
    await until(async () => {
      expect((await show(owner)).evidence).toMatchObject({
        active: 2,
        responded: 1,
        checkpoints: 1,
        notContained: 0,
        obstacle: null,
        largest: { size: seen },
        responses: [{ device: amina.device, user: 'Amina', size: seen, result: 'contained' }],
      });
    }, SLOW);
    const waiting = await show(owner);
    expect(waiting.recovery).toMatchObject({ ledger: 'suspended', conversations: 1 });
    await resume(owner);

    // 3. The ledger grows again, and devices accept it.
    await until(async () => {
      const grown = await copyLedger(ledgerAt(world.server.public, ca), copy);
      expect(grown.checkpoint.size).toBeGreaterThan(checkpoint.size);
      expect(grown.extends).toBe(checkpoint.size);
      expect(grown.entries.get('ledger.resumed')).toBe(1);
    }, SLOW);
    expect((await show(owner)).recovery).toMatchObject({
      ledger: 'resumed',
      ledgerSuspended: null,
      resumed: { size: checkpoint.size, largestReported: seen, active: 2, responded: 1, checkpoints: 1, file: false },
    });
    const dora = await person(world, owner, 'Dora');
    await send(amina, 'Dora', 'after the restore');
    await until(async () => expect((await dora.cli(['inbox'])).out).toContain('after the restore'), SLOW, 500);
    expect(seenBy(amina)).toBeGreaterThan(checkpoint.size);
    const codes = async (device: string) =>
      (await owner.call('GET', `/alerts?device=${device}`, alertList)).alerts.map(({ code }) => code);
    expect(await codes(amina.device)).not.toContain('ledger_forked');

    // 4. Bilal's device shows lost entries: the second history cannot be hidden, and grows no further.
    bilal.run();
    await bilal.connected(SLOW);
    await until(async () => expect(await codes(bilal.device)).toContain('ledger_behind'), SLOW);
    const stopped = await show(owner);
    expect(stopped.recovery?.ledgerSuspended).toContain(`${later} entries`);
    expect(stopped.evidence).toMatchObject({ notContained: 1, largest: { size: later } });
    expect(stopped.evidence?.responses[0]).toMatchObject({ device: bilal.device, result: 'not_contained' });
    await expect(resume(owner)).rejects.toThrow('entries were lost');
  }, 300_000);
});
