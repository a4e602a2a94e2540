/**
 * Case 60: a backup is restored on a new machine, after later changes that contradict it. Server and agents are real processes. This also
 * covers case 38 for a whole server: the published ledger continues, or accepts no more entries.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { readCrl } from '../../certs/read-crl.ts';
import { temporaryIdentity } from '../../shared/age/stream.ts';
import { orderView, revisionView } from '../../shared/api/orders.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { personPage } from '../../shared/api/people.ts';
import { readmissionResults, recoveryView } from '../../shared/api/recovery.ts';
import { createdToken } from '../../shared/api/session.ts';
import { copyLedger, ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnSqliteFirst } from '../support/each-database.ts';
import { type Caller, callerOf, signIn } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import { failingLists, unreadablePaths } from '../support/read-everything.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-restore-test-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const CORDON = programPath('server/cordon.js');
const SOON = 3_000;
const terms = (title: string) => ({
  title,
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  unknown: 'allow',
  contested: 'allow',
  zone: 'Asia/Karachi',
  travelers: 'deny',
  appeal: 'appeals@example.org',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'letter',
  statement: { en: title },
  effective: new Date(Date.now() + SOON).toISOString(),
});

async function adopt({ operator }: World, title: string): Promise<string> {
  const revision = await operator.propose(terms(title));
  await operator.adopt(revision);
  return revision.order;
}

const denialsOf = async (agent: AgentProcess): Promise<string[]> =>
  (await agent.status()).gates.find(({ service }) => service === 'messaging')?.denials.map(({ order }) => order) ?? [];

const enforced = (agent: AgentProcess, orders: readonly string[]) =>
  until(async () => expect((await denialsOf(agent)).toSorted()).toEqual(orders.toSorted()), 30_000);

/** Signs in again, because a restore ends all sessions and tokens. `steps`: TOTP steps ahead of now, because each code is valid once. */
async function signInAgain({ server, operator }: World, person = operator.owner): Promise<Caller> {
  return callerOf(server.admin, await until(() => signIn(server.admin, person.signIn, Date.now() + 30_000), 60_000));
}

const ca = (home: string) => readFileSync(join(home, 'keys', 'root.crt'), 'utf8');
const crlOf = async (world: World, home: string) => {
  const file = await ledgerlessGet(`${world.server.public}/crl/issuing.crl`, ca(home));
  const issuing = readFileSync(join(home, 'keys', 'issuing.crt'), 'utf8');
  return readCrl(file, Buffer.from(issuing.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
};

async function ledgerlessGet(url: string, root: string): Promise<Buffer> {
  const { get } = await import('node:https');
  return new Promise((resolve, reject) => {
    get(url, { ca: root }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
}

describeOnSqliteFirst('a backup that is restored on a new machine', (database: DatabaseUnderTest) => {
  async function scene() {
    const env = await database.env();
    const world = await openWorld(env);
    closing.push(world.remove);
    const { server, operator, group } = world;
    const folder = newFolder();
    const { identity, recipient } = await temporaryIdentity();
    writeFileSync(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });

    const keeps = await world.enrolled({}, 'PK');
    const lost = await world.enrolled({}, 'PK');
    for (const agent of [keeps, lost]) agent.run();
    await Promise.all([keeps.connected(), lost.connected()]);
    const old = await adopt(world, 'Old order');
    await enforced(keeps, [old]);
    await enforced(lost, [old]);
    const pending = (await operator.propose(terms('Pending order'))).order;
    const declined = await operator.propose(terms('Declined order'));
    const [ada] = operator.approvers;
    if (!ada) throw new Error('there is no approver');
    await operator.as(ada, 'POST', `/orders/${declined.order}/revisions/1/decline`, z.unknown(), { reason: 'No.' });
    // An order that has ended, an order with an exit, a queued wipe, and a legal hold. No device is in these areas.
    const elsewhere = { areas: ['IT'], zone: 'Europe/Rome' };
    const endsAt = new Date(Date.now() + 2 * SOON).toISOString();
    const ending = await operator.propose({ ...terms('Ended order'), ...elsewhere, until: endsAt });
    await operator.adopt(ending);
    const leaving = { ...elsewhere, mode: 'exit', exportWindow: 'PT1S', travelers: 'deny' };
    const exiting = await operator.propose({ ...terms('Order with an exit'), ...leaving });
    await operator.adopt(exiting);
    await operator.adopt(await until(() => operator.act(exiting.order, { action: 'exit' }), 30_000));
    const offline = await world.enrolled({}, 'PK');
    await world.send(offline.device, { kind: 'wipe-workspace' });
    await operator.as(operator.owner, 'POST', '/legal-holds', z.unknown(), { device: keeps.device, reason: 'A case.' });
    const earlyLink = await world.link('PK');
    // The backup contains the person Omar, but not his device.
    await operator.code({ user: 'Omar', group, home: 'PK' });

    const backup = join(folder, 'backup.age');
    const token = { CORDON_SERVER: server.admin, CORDON_TOKEN: operator.owner.token, XDG_CONFIG_HOME: folder };
    const made = await runProgram(process.execPath, [CORDON, 'backup', backup, '--recipient', recipient], {
      env: token,
    });
    expect([made.code, made.err]).toEqual([0, '']);
    const before = { crl: await crlOf(world, server.home), list: (await keeps.status()).list };

    // Changes after the backup: two devices, a revocation, a withdrawal, a new order.
    const { AgentProcess: Agent } = await import('../support/agent-process.ts');
    const enrolLater = async (link: string): Promise<AgentProcess> => {
      const agent = new Agent();
      closing.push(() => agent.remove());
      await agent.enroll(link);
      agent.run();
      await agent.connected();
      return agent;
    };
    const early = await enrolLater(earlyLink);
    const late = await enrolLater((await operator.code({ user: 'Omar', group, home: 'PK' })).link);
    // The device is offline at its revocation, so only the server can refuse it.
    await lost.stop();
    await operator.as(operator.owner, 'POST', `/devices/${lost.device}/revoke`, z.unknown(), {
      reason: 'keyCompromise',
    });
    const withdrawal = await operator.act(old, { action: 'withdraw' });
    await operator.adopt(withdrawal);
    const fresh = await adopt(world, 'New order');
    await enforced(keeps, [fresh]);
    await enforced(early, [fresh]);
    await enforced(late, [fresh]);
    return {
      env,
      world,
      folder,
      backup,
      before,
      keeps,
      lost,
      early,
      late,
      old,
      fresh,
      group,
      pending,
      declined: declined.order,
      expired: ending.order,
      exited: exiting.order,
      wiping: offline.device,
    };
  }

  const root = (world: World, home: string) => ledgerAt(world.server.public, ca(home));

  it('with a copy of the ledger, a restore undoes no publication, revocation, withdrawal or adoption', async () => {
    const {
      world,
      folder,
      backup,
      before,
      keeps,
      lost,
      early,
      late,
      old,
      fresh,
      pending,
      declined,
      expired,
      exited,
      wiping,
    } = await scene();
    const { server, operator } = world;
    const copy = join(folder, 'ledger');
    // The copy of the ledger contains all of this, because the revocation list and the order list are entries too.
    const published = await until(async () => {
      const { checkpoint } = await copyLedger(root(world, server.home), copy);
      expect((await copyLedger(root(world, server.home), copy)).checkpoint.size).toBe(checkpoint.size);
      return checkpoint.size;
    });
    const after = { crl: await crlOf(world, server.home), list: (await keeps.status()).list };
    expect(after.crl.number).toBeGreaterThan(before.crl.number);
    await server.kill();
    const rootPem = ca(server.home);

    const home = join(folder, 'new-machine');
    const there: Record<string, string> = { ...server.env, CORDON_HOME: home, ...(await database.env()) };
    const args = ['restore', backup, '--identity', join(folder, 'identity'), '--ledger', copy];
    const restored = await runProgram(process.execPath, [CORDON, ...args], { env: there, within: 60_000 });
    expect([restored.code, restored.err]).toEqual([0, '']);
    expect(restored.out).toContain('Recovery point');
    expect(readFileSync(join(home, 'keys', 'root.crt'), 'utf8')).toBe(rootPem);
    await server.start(there);

    // 1. A device that enrolled after the backup is readmitted: by the ledger if the backup has its code, otherwise by an admin.
    await keeps.connected(60_000);
    await early.connected(60_000);
    const owner = await signInAgain(world);
    const waiting = await until(async () => {
      const view = await owner.call('GET', '/recovery', recoveryView);
      expect(view.devices.map(({ device }) => device)).toEqual([late.device]);
      return view;
    }, 60_000);
    // The device tells its user that an admin must readmit it.
    await late.link('unrestored', 60_000);
    expect((await late.cli(['status'])).out).toMatch(
      /unrestored: The server was restored from the backup of 20\S+\. The backup is older than this device’s enrollment\. An admin must readmit/,
    );
    expect(waiting.devices[0]).toMatchObject({ user: null, group: null, published: true, obstacle: null });
    const [{ serial } = { serial: '' }] = waiting.devices;
    const { people } = await owner.call('GET', '/people?text=Omar', personPage);
    const omar = people.find(({ name }) => name === 'Omar');
    const devices = [{ serial, person: omar?.id, group: omar?.groups[0]?.name }, { serial: '0a' }];
    const { results } = await owner.call('POST', '/recovery/readmissions', readmissionResults, { devices });
    expect(results).toEqual([
      { serial, error: null },
      { serial: '0a', error: { code: 'not_found', detail: expect.stringContaining('waits for readmission') } },
    ]);
    await late.connected(90_000);

    // 2. A device that was revoked after the backup stays revoked.
    lost.run();
    await lost.link('revoked', 60_000);

    // 3. Version numbers continue after the newest published ones.
    const crl = await crlOf(world, home);
    expect(crl.number).toBeGreaterThan(after.crl.number);
    expect(crl.revoked.map(({ reason }) => reason)).toContain(1);

    // 4. The withdrawn order is withdrawn on the server too, and stays withdrawn on devices.
    const orderNow = async (number: string) => await owner.call('GET', `/orders/${number}`, orderView);
    await until(async () => expect((await orderNow(old)).status).toBe('withdrawn'), 60_000);
    for (const agent of [keeps, early, late]) expect(await denialsOf(agent)).not.toContain(old);

    // 5. The order adopted after the backup is active again, and every device accepts a further order.
    await until(async () => expect((await orderNow(fresh)).status).toBe('active'), 60_000);
    const state = await owner.call('GET', '/recovery', recoveryView);
    expect(state.recovery).toMatchObject({ ledger: 'rejoined', ledgerSuspended: null, missing: [] });
    expect(state.recovery?.recalled.newer).toBeGreaterThan(0);
    const proposer = await signInAgain(world, operator.proposer);
    const further = await proposer.call('POST', '/orders', revisionView, terms('Further order'));
    expect(Number(further.order.split('-')[1])).toBeGreaterThan(1000);
    for (const approver of operator.approvers.slice(0, 2)) {
      const { approvalOf } = await import('../../shared/order/approver-key.ts');
      const api = await signInAgain(world, approver);
      await api.call(
        'POST',
        `/orders/${further.order}/revisions/1/approvals`,
        z.unknown(),
        approvalOf(approver.key, further.payload),
      );
    }
    for (const agent of [keeps, early]) await enforced(agent, [fresh, further.order]);
    expect((await keeps.status()).list).toBeGreaterThan(after.list);

    // 6. The ledger is the published one, and larger.
    const { checkpoint, extends: extended } = await copyLedger(root(world, home), copy);
    expect(extended).toBe(published);
    expect(checkpoint.size).toBeGreaterThan(published);

    // 7. Every list and every page of an order can be read.
    expect((await orderNow(pending)).status).toBe('expired');
    expect((await orderNow(declined)).status).toBe('declined');
    expect((await orderNow(exited)).revisions.map(({ action }) => action)).toContain('exit');
    const subjects = {
      orders: [pending, declined, old, fresh, expired, exited],
      devices: [keeps.device, lost.device, late.device, wiping],
    };
    expect(await unreadablePaths(server.admin, owner, subjects)).toEqual([]);
    const { secret } = await owner.call('POST', '/tokens', createdToken, { name: 'lists' });
    const env = { CORDON_SERVER: server.admin, CORDON_TOKEN: secret, XDG_CONFIG_HOME: folder };
    expect(await failingLists(env, subjects)).toEqual([]);

    const overview = await owner.call('GET', '/overview', overviewView);
    expect(overview.healthIssues.find(({ code }) => code === 'restored')?.severity).toBe('warning');
    await owner.call('POST', '/recovery/close', z.unknown(), {});
    expect((await owner.call('GET', '/recovery', recoveryView)).recovery).toBeNull();
    expect((await owner.call('GET', '/devices?status=active', z.looseObject({ total: z.int() }))).total).toBe(4);
  }, 300_000);

  it('without a copy, the server signs no second history, and reports that revocations are lost', async () => {
    const { world, folder, backup, keeps, fresh, old } = await scene();
    const { server } = world;
    const copy = join(folder, 'ledger');
    const { checkpoint } = await copyLedger(root(world, server.home), copy);
    await server.kill();
    const home = join(folder, 'new-machine');
    const there: Record<string, string> = { ...server.env, CORDON_HOME: home, ...(await database.env()) };
    const args = ['restore', backup, '--identity', join(folder, 'identity')];
    const restored = await runProgram(process.execPath, [CORDON, ...args], { env: there, within: 60_000 });
    expect([restored.code, restored.err]).toEqual([0, '']);
    expect(restored.out).toContain('The public ledger is suspended');
    expect(restored.out).toContain('Revocations after the backup are lost');
    // The server refuses a second restore over this store, and a restore while it runs.
    const again = await runProgram(process.execPath, [CORDON, ...args], { env: there, within: 60_000 });
    expect([again.code, again.err]).toEqual([6, expect.stringContaining('--replace')]);
    await server.start(there);
    const busy = await runProgram(process.execPath, [CORDON, ...args, '--replace'], { env: there, within: 60_000 });
    expect([busy.code, busy.err]).toEqual([7, expect.stringContaining('Another Cordon server uses this database')]);

    await keeps.connected(60_000);
    const owner = await signInAgain(world);
    await until(async () => {
      expect((await owner.call('GET', `/orders/${fresh}`, orderView)).status).toBe('active');
      expect((await owner.call('GET', `/orders/${old}`, orderView)).status).toBe('withdrawn');
    }, 60_000);
    const { recovery } = await owner.call('GET', '/recovery', recoveryView);
    expect(recovery).toMatchObject({ ledger: 'suspended', revocations: 'unknown' });
    expect(recovery?.ledgerSuspended).toContain('without a copy');
    // The public sees only the old history, and nothing contradicts the copy.
    await expect(copyLedger(root(world, home), copy)).rejects.toThrow('cut short or restored');
    const shown = join(folder, 'shown');
    expect((await copyLedger(root(world, home), shown)).checkpoint.size).toBeLessThan(checkpoint.size);
    cpSync(join(copy, 'checkpoint'), join(shown, 'checkpoint.previous'));
  }, 300_000);

  it('a damaged backup, one for another key, and one opened with another secret change nothing', async () => {
    const env = await database.env();
    const world = await openWorld(env);
    closing.push(world.remove);
    const folder = newFolder();
    const { identity, recipient } = await temporaryIdentity();
    writeFileSync(join(folder, 'identity'), identity);
    writeFileSync(join(folder, 'other'), (await temporaryIdentity()).identity);
    const backup = join(folder, 'backup.age');
    const token = {
      CORDON_SERVER: world.server.admin,
      CORDON_TOKEN: world.operator.owner.token,
      XDG_CONFIG_HOME: folder,
    };
    const made = await runProgram(process.execPath, [CORDON, 'backup', backup, '--recipient', recipient], {
      env: token,
    });
    expect([made.code, made.err]).toEqual([0, '']);
    const home = join(folder, 'new-machine');
    const there: Record<string, string> = { ...world.server.env, CORDON_HOME: home, ...(await database.env()) };
    const restore = (file: string, secret: string, more: Record<string, string> = {}, ...flags: string[]) =>
      runProgram(process.execPath, [CORDON, 'restore', file, '--identity', join(folder, secret), ...flags], {
        env: { ...there, ...more },
      });
    const bytes = readFileSync(backup);
    const cut = join(folder, 'cut.age');
    writeFileSync(cut, bytes.subarray(0, -1000));
    const changed = join(folder, 'changed.age');
    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 5000] = (flipped[flipped.length - 5000] ?? 0) ^ 1;
    writeFileSync(changed, flipped);
    for (const [name, run, code] of [
      ['another identity', restore(backup, 'other'), 'passphrase_wrong'],
      ['cut off', restore(cut, 'identity'), 'backup_damaged'],
      ['changed', restore(changed, 'identity'), 'backup_damaged'],
      [
        'another passphrase',
        restore(backup, 'identity', { CORDON_PASSPHRASE: 'another passphrase' }),
        'passphrase_wrong',
      ],
    ] as const) {
      const { code: exit, err } = await run;
      expect([name, exit === 0, err]).toEqual([name, false, expect.stringContaining(`[${code}]`)]);
    }
    const lone = join(folder, 'lone.age');
    writeFileSync(lone, bytes);
    const incomplete = await restore(lone, 'identity');
    expect([incomplete.code, incomplete.err]).toEqual([6, expect.stringContaining('--lose-person-keys')]);
    const verified = await restore(backup, 'identity', {}, '--verify-only');
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('Nothing was changed.') });
    await expect(database.query(there, home, 'select count(*) from devices')).rejects.toThrow();
  }, 120_000);
});
