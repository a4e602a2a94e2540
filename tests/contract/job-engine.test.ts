/** Waves, stop rule, controls, attempts, prerequisites, supersede keys and late joiners of jobs. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { commandIdFor } from '../../server/commands/command-id-for.ts';
import type { IssueToMany } from '../../server/commands/command-issue.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { cancelCommandsOf } from '../../server/store/command-rows.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { type CommandId, type DeviceId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const AT = 1_000_000;
const REFRESH = { kind: 'refresh-inventory' } as const;
const WIPE = { kind: 'wipe-workspace' } as const;
const NONE = { queued: 0, stored: 0, done: 0, failed: 0, expired: 0, canceled: 0 };

async function engine(database: Database, size: number) {
  const time = { now: AT };
  const wakes: Wake[] = [];
  const bus = new LocalBus();
  bus.subscribe((wake) => void wakes.push(wake));
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock: new DrivenClock(77),
    devices: { unenroll: async () => undefined },
    now: () => time.now,
  });
  const group = await addGroup(database, 'g');
  const devices: DeviceId[] = [];
  for (let index = 0; index < size; index += 1) devices.push(await addDevice(database, { group }));
  devices.sort();
  const issue = async (input: Partial<IssueToMany> = {}) =>
    (await commands.issueToMany({ devices, command: REFRESH, by: 'acc', ...input })).id;
  const say = (job: CommandId, device: DeviceId, outcome: 'done' | 'failed', attempt = 1) =>
    commands.finished(device, 1, { command: commandIdFor(job, device, attempt), outcome, detail: outcome });
  const sayAll = (job: CommandId, outcome: 'done' | 'failed', of: readonly DeviceId[]) =>
    Promise.all(of.map((device) => say(job, device, outcome)));
  /** Devices to which the server may send the job's command now. */
  const reachable = async (job: CommandId) => (await commands.waitingFor(job, null)).map(({ device }) => device);
  const pending = async (device: DeviceId) => (await commands.pendingFor(device, 1)).map(({ id }) => id);
  const stateOf = async (job: CommandId) => (await commands.progress(job)).progress;
  /** Notifications since the last call. */
  const announced = async () => {
    await turn();
    return wakes.splice(0).filter(({ kind }) => kind === 'job' || kind === 'commands');
  };
  return { commands, time, group, devices, issue, say, sayAll, reachable, pending, stateOf, announced };
}

async function addAccount(database: Database, id: string, name: string): Promise<void> {
  await database.db
    .insertInto('persons')
    .values({ id: `per_${id}`, name, subject: id, status: 'active', created_at: 1, folded: name })
    .execute();
  const email = {
    email: `${id}@example.org`,
    email_key: `${id}@example.org`,
    verified_email: null,
    email_verified_at: null,
  };
  const secrets = { password_hash: null, totp_sealed: null, totp_last_step: 0 };
  const account = { id, person_id: `per_${id}`, name, status: 'active' as const, created_at: 1 };
  await database.db
    .insertInto('accounts')
    .values({ ...account, ...email, ...secrets })
    .execute();
}

/** Adds newer jobs without devices. */
async function copyJob(database: Database, of: CommandId, count: number): Promise<void> {
  const job = await database.db.selectFrom('jobs').selectAll().where('id', '=', of).executeTakeFirstOrThrow();
  const copyOf = () => ({ ...job, id: newCommandId(), name: 'Other', created_at: job.created_at + 1 });
  for (let left = count; left > 0; left -= 500) {
    const copies = Array.from({ length: Math.min(left, 500) }, copyOf);
    await database.db.insertInto('jobs').values(copies).execute();
  }
}

describeOnEveryStore('a job', (open) => {
  it('releases each wave after the one before, and announces it once', async () => {
    const { devices, issue, sayAll, say, reachable, pending, stateOf, announced } = await engine(await open(), 10);
    const id = await issue({ options: { waves: [{ count: 2 }, { percent: 30 }], gate: 50 } });
    expect(await reachable(id)).toEqual(devices.slice(0, 2));
    expect(await pending(devices[2]!)).toEqual([]);
    await announced();
    await say(id, devices[0]!, 'done');
    expect(await announced()).toEqual([{ kind: 'job', job: id }]);
    expect(await reachable(id)).toEqual(devices.slice(1, 5));
    expect(await pending(devices[4]!)).toEqual([commandIdFor(id, devices[4]!)]);
    await say(id, devices[1]!, 'done');
    expect(await announced()).toEqual([]);
    await sayAll(id, 'done', devices.slice(2, 4));
    expect((await stateOf(id)).released).toBe(3);
    await sayAll(id, 'done', devices.slice(4));
    expect(await stateOf(id)).toMatchObject({
      state: 'finished',
      waves: [2, 3, 5].map((count) => ({ devices: count, done: count, failed: 0, lost: 0 })),
    });
  });

  it('stops at its failure rate in the transaction of the report, and counts anew after it resumes', async () => {
    const database = await open();
    const { commands, devices, issue, sayAll, say, reachable, stateOf } = await engine(database, 20);
    const stop = { percent: 25, minimum: 4 };
    const id = await issue({ options: { waves: [{ count: 8 }], gate: 100, stop } });
    await sayAll(id, 'failed', devices.slice(0, 2));
    expect(await stateOf(id)).toMatchObject({ state: 'running' });
    await sayAll(id, 'done', devices.slice(2, 4));
    expect(await stateOf(id)).toMatchObject({ state: 'stopped', released: 1 });
    expect(await reachable(id)).toEqual([]);
    expect((await commands.progress(id)).changed).toEqual({ at: AT, by: null, reason: null });
    const alerts = database.db.selectFrom('alerts').select(['code', 'detail']).execute();
    expect(await alerts).toEqual([
      { code: 'job_stopped', detail: expect.stringContaining(`${id} stopped in wave 1 of 2`) },
    ]);
    // Devices that already have the command still report.
    await sayAll(id, 'done', devices.slice(4, 7));
    await commands.control(id, 'resume', { by: 'Ada', reason: 'known defect' });
    expect(await reachable(id)).toEqual(devices.slice(7, 8));
    expect((await commands.progress(id)).changed).toEqual({ at: AT, by: 'Ada', reason: 'known defect' });
    await say(id, devices[7]!, 'failed');
    // One failure of one result since the resumption: the gate stops the job again.
    expect(await stateOf(id)).toMatchObject({ state: 'stopped', released: 1 });
    await commands.control(id, 'resume', { by: 'Ada', reason: null, stop: null });
    expect(await stateOf(id)).toMatchObject({ state: 'running', released: 2 });
    await sayAll(id, 'failed', devices.slice(8));
    expect(await stateOf(id)).toMatchObject({ state: 'finished' });
  });

  it('sends nothing while it is paused, and refuses a control after its end', async () => {
    const { commands, devices, issue, reachable, pending, sayAll, announced } = await engine(await open(), 3);
    const id = await issue();
    await commands.control(id, 'pause', { by: 'Ada', reason: null });
    expect([await reachable(id), await pending(devices[0]!), await commands.openJob(id)]).toEqual([[], [], null]);
    await announced();
    await commands.control(id, 'resume', { by: 'Ada', reason: null });
    expect(await announced()).toEqual([{ kind: 'job', job: id }]);
    expect(await reachable(id)).toEqual(devices);
    await sayAll(id, 'done', devices);
    await expect(commands.control(id, 'pause', { by: 'Ada', reason: null })).rejects.toMatchObject({
      code: 'job_ended',
      message: 'The job is finished, so it is too late to pause it.',
    });
  });

  it('is aborted on devices that have not started the command', async () => {
    const { commands, devices, issue, say, pending, stateOf, announced } = await engine(await open(), 4);
    const [waiting, has, done, late] = devices as [DeviceId, DeviceId, DeviceId, DeviceId];
    const id = await issue();
    await commands.stored(has, 1, commandIdFor(id, has));
    await commands.stored(late, 1, commandIdFor(id, late));
    await say(id, done, 'done');
    await announced();
    await commands.control(id, 'abort', { by: 'Ada', reason: 'wrong text' });
    expect(await pending(waiting)).toEqual([]);
    expect(await announced()).toEqual([{ kind: 'commands', devices: expect.arrayContaining([has, late]) }]);
    expect((await commands.pendingFor(has, 1)).map(({ state }) => state)).toEqual(['stored']);
    await commands.finished(has, 1, { command: commandIdFor(id, has), outcome: 'canceled', detail: 'in time' });
    await say(id, late, 'done');
    expect(await stateOf(id)).toMatchObject({ state: 'aborted' });
    const { counts, failures } = await commands.progress(id);
    expect(counts).toEqual({ ...NONE, done: 2, canceled: 2 });
    expect(new Set(failures.map(({ detail }) => detail))).toEqual(new Set(['The job was aborted by Ada.', 'in time']));
  });

  it('repeats a failed command after a growing pause, with each attempt visible', async () => {
    const { commands, devices, time, issue, say, pending, announced } = await engine(await open(), 1);
    const [device] = devices as [DeviceId];
    const id = await issue({ options: { retry: { attempts: 3, backoff: 60 } } });
    const attempt = (number: number) => commandIdFor(id, device, number);
    await say(id, device, 'failed');
    expect(await pending(device)).toEqual([]);
    expect((await commands.progress(id)).counts).toEqual({ ...NONE, queued: 1 });
    time.now += 60_000;
    await announced();
    await commands.announceDue();
    expect(await announced()).toEqual([{ kind: 'commands', devices: [device] }]);
    await commands.announceDue();
    expect(await announced()).toEqual([]);
    expect(await pending(device)).toEqual([attempt(2)]);
    await say(id, device, 'failed', 2);
    // A late repetition of the first report starts no further attempt.
    await say(id, device, 'failed');
    time.now += 60_000;
    expect(await pending(device)).toEqual([]);
    time.now += 60_000;
    expect(await pending(device)).toEqual([attempt(3)]);
    await say(id, device, 'failed', 3);
    expect(await commands.progress(id)).toMatchObject({
      counts: { ...NONE, failed: 1 },
      progress: { state: 'finished', waves: [{ devices: 1, done: 0, failed: 1, lost: 0 }] },
    });
    expect((await commands.list(device)).map((each) => [each.attempt, each.state])).toEqual([
      [3, 'failed'],
      [2, 'failed'],
      [1, 'failed'],
    ]);
    const job = await commands.progress(id);
    const rows = await commands.devicesOf(job, null, { state: null, after: null, limit: 10 });
    expect(rows).toMatchObject([{ device, state: 'failed', attempt: 3, wave: 1, released: true }]);
  });

  it('lists attempts by their number, also those of the same millisecond and after the clock was set back', async () => {
    const { commands, devices, time, issue, say } = await engine(await open(), 1);
    const [device] = devices as [DeviceId];
    const id = await issue({ options: { retry: { attempts: 6, backoff: 60 } } });
    for (let attempt = 1; attempt < 6; attempt += 1) {
      if (attempt === 4) time.now -= 10_000;
      await say(id, device, 'failed', attempt);
    }
    const attempts: number[] = [];
    for (let page = await commands.list(device, null, 2); page.length > 0; ) {
      attempts.push(...page.map((command) => command.attempt));
      page = await commands.list(device, page.at(-1)!, 2);
    }
    expect(attempts).toEqual([6, 5, 4, 3, 2, 1]);
  });

  it('waits on each device for the command of its prerequisite', async () => {
    const { devices, issue, say, reachable, pending, announced } = await engine(await open(), 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const first = await issue();
    const second = await issue({ options: { after: first } });
    expect([await reachable(second), await pending(device)]).toEqual([[], [commandIdFor(first, device)]]);
    await announced();
    await say(first, device, 'done');
    await say(first, other, 'failed');
    expect(await announced()).toEqual([{ kind: 'commands', devices: [device] }]);
    expect(await reachable(second)).toEqual([device]);
    expect([await pending(device), await pending(other)]).toEqual([[commandIdFor(second, device)], []]);
  });

  it('replaces older waiting commands with the same key on its devices', async () => {
    const { commands, devices, issue, say, pending, stateOf } = await engine(await open(), 3);
    const [first, second, third] = devices as [DeviceId, DeviceId, DeviceId];
    const options = { supersedes: 'nightly-refresh' };
    const older = await issue({ options });
    const unrelated = await issue();
    await commands.stored(second, 1, commandIdFor(older, second));
    const newer = await issue({ options, devices: [first, second] });
    expect(await pending(first)).toEqual(
      expect.arrayContaining([newer, unrelated].map((id) => commandIdFor(id, first))),
    );
    expect(await commands.get(commandIdFor(older, first))).toMatchObject({
      state: 'canceled',
      detail: 'A newer command replaced this command.',
    });
    expect((await commands.get(commandIdFor(older, second))).state).toBe('stored');
    expect(await pending(third)).toContain(commandIdFor(older, third));
    await say(older, second, 'done');
    await say(older, third, 'done');
    expect(await stateOf(older)).toMatchObject({ state: 'finished', waves: [{ done: 2, lost: 1 }] });
  });

  it('sorts the commands of a device by priority', async () => {
    const { devices, issue, pending, time } = await engine(await open(), 1);
    const [device] = devices as [DeviceId];
    const ids: CommandId[] = [];
    for (const input of [
      {},
      { command: { kind: 'restart-agent' } as const },
      { options: { priority: 'high' as const } },
      { command: WIPE },
    ]) {
      time.now += 1;
      ids.push(commandIdFor(await issue(input), device));
    }
    const [refresh, restart, urgent, wipe] = ids;
    expect(await pending(device)).toEqual([urgent, wipe, restart, refresh]);
  });

  it('lets devices join that match its filter later, and no others', async () => {
    const database = await open();
    const { commands, devices, group, issue, sayAll, pending, stateOf } = await engine(database, 2);
    const joiners = { filter: { group }, scope: null };
    const id = await issue({ joiners, options: { waves: [{ count: 1 }] } });
    const fixed = await issue();
    await sayAll(id, 'done', devices);
    expect(await stateOf(id)).toMatchObject({ state: 'running', released: 2 });
    const [late, foreign] = [
      await addDevice(database, { group }),
      await addDevice(database, { group: await addGroup(database, 'h') }),
    ];
    expect(await Promise.all([late, foreign].map((device) => commands.join(device)))).toEqual([true, false]);
    expect([await commands.join(late), await pending(foreign)]).toEqual([false, []]);
    expect(await pending(late)).toEqual([commandIdFor(id, late)]);
    expect((await commands.progress(fixed)).devices).toBe(2);
    await sayAll(id, 'done', [late]);
    const { progress, devices: count } = await commands.progress(id);
    expect([count, progress.waves.reduce((sum, wave) => sum + wave.devices, 0)]).toEqual([3, 3]);
    await expect(issue({ joiners, command: WIPE })).rejects.toMatchObject({ code: 'invalid_input' });
    const uses = await new GroupMemberStore(database).uses(group);
    expect(uses).toContainEqual({ kind: 'jobs', count: 1, names: [id] });
  });

  it('counts a device whose enrollment ended as lost, and then releases the next wave', async () => {
    const database = await open();
    const { commands, devices, issue, stateOf, announced } = await engine(database, 3);
    const id = await issue({ options: { waves: [{ count: 1 }], gate: 100 } });
    await announced();
    await database.transaction((tx) => cancelCommandsOf(tx, devices[0]!, AT, 'The device was revoked.'));
    expect(await stateOf(id)).toMatchObject({
      released: 2,
      waves: [
        { devices: 1, lost: 1 },
        { devices: 2, lost: 0 },
      ],
    });
    // The change was not announced, as after a crash. The schedule announces it.
    await commands.announceDue();
    expect(await announced()).toEqual([{ kind: 'job', job: id }]);
  });

  it('expires with its devices, and a late result changes only the counts', async () => {
    const { commands, devices, time, issue, say, stateOf } = await engine(await open(), 2);
    const id = await issue({ options: { waves: [{ count: 1 }] }, expiresInSeconds: 60 });
    await commands.stored(devices[0]!, 1, commandIdFor(id, devices[0]!));
    time.now += 60_000;
    await commands.expire();
    expect(await stateOf(id)).toMatchObject({ state: 'expired', released: 1 });
    await say(id, devices[0]!, 'done');
    expect((await commands.progress(id)).counts).toEqual({ ...NONE, done: 1, expired: 1 });
    expect(await stateOf(id)).toMatchObject({ state: 'expired', released: 1 });
  });

  it('is listed by state, kind and creator', async () => {
    const { commands, issue, time } = await engine(await open(), 1);
    const first = await issue();
    time.now += 1;
    const second = await issue({ command: { kind: 'message', text: 'one' }, by: 'other' });
    await commands.control(first, 'pause', { by: 'Ada', reason: null });
    const found = async (filter: Parameters<typeof commands.requests>[1]) =>
      (await commands.requests(null, filter, null)).requests.map(({ id }) => id);
    expect(await found({})).toEqual([second, first]);
    expect(await found({ states: ['paused'] })).toEqual([first]);
    expect(await found({ kind: 'message' })).toEqual([second]);
    expect(await found({ createdBy: 'acc' })).toEqual([first]);
  });

  it('is found by words of its name, command and creator, in the scope of the admin', async () => {
    const database = await open();
    const { commands, issue, time, group } = await engine(database, 2);
    await addAccount(database, 'acc', 'Zoë Berg');
    const far = await addDevice(database, { group: await addGroup(database, 'far') });
    const night = await issue({ options: { name: 'Nachtlauf ÄRZTE 100%' } });
    time.now += 1;
    const untitled = await issue({ command: { kind: 'message', text: 'nachtlauf' }, by: 'gone' });
    time.now += 1;
    const distant = await issue({ devices: [far], options: { name: 'Nachtlauf far' } });
    const found = async (text: string, scope: Parameters<typeof commands.requests>[0] = null) =>
      (await commands.requests(scope, { text }, null)).requests.map(({ id }) => id);
    expect(await found('ärzte NACHTlauf')).toEqual([night]);
    expect(await found('nachtlauf')).toEqual([distant, night]);
    expect(await found('nachtlauf', [{ group, homes: null }])).toEqual([night]);
    expect(await found('  ')).toEqual([distant, untitled, night]);
    expect(await found('Show message, 2 devices')).toEqual([untitled]);
    expect(await found('inventory zoë')).toEqual([distant, night]);
    expect(await found('refresh-inventory 100%')).toEqual([night]);
    expect(await found('nachtlauf message')).toEqual([]);
    expect(await found('_')).toEqual([]);
  });

  it('is found beyond the first page of matching jobs, and beyond the jobs that one search compares', async () => {
    const database = await open();
    const { commands, issue, time } = await engine(database, 1);
    const matching: CommandId[] = [];
    for (let index = 0; index < 11; index += 1) {
      time.now += 1;
      matching.unshift(await issue({ options: { name: `Patch ${index}` } }));
    }
    const first = await commands.requests(null, { text: 'patch' }, null);
    expect(first.requests.map(({ id }) => id)).toEqual(matching.slice(0, 10));
    const rest = await commands.requests(null, { text: 'patch' }, first.cursor);
    expect([rest.requests.map(({ id }) => id), rest.cursor]).toEqual([matching.slice(10), null]);
    await copyJob(database, matching[0]!, 5_100);
    const searched = await commands.requests(null, { text: 'patch' }, null);
    expect([searched.requests, searched.cursor]).toEqual([[], expect.any(String)]);
    const older = await commands.requests(null, { text: 'patch' }, searched.cursor);
    expect(older.requests.map(({ id }) => id)).toEqual(matching.slice(0, 10));
  });

  it('refuses a prerequisite that does not exist', async () => {
    const { issue } = await engine(await open(), 1);
    const unknown = commandIdFor(await issue(), newDeviceId());
    await expect(issue({ options: { after: unknown } })).rejects.toMatchObject({ context: { field: 'after' } });
  });
});
