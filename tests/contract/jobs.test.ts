import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { commandIdFor } from '../../server/commands/command-id-for.ts';
import { DEFAULT_LIFE } from '../../server/commands/command-issue.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { cancelCommandsOf, cancelDestruction } from '../../server/store/command-rows.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStateStore } from '../../server/store/device-state-store.ts';
import { MetricsStore } from '../../server/store/metrics-store.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { type CommandId, type DeviceId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const AT = 1_000_000;
const DAY = 86_400_000;
const LOCK = { kind: 'lock-workspace' } as const;
const WIPE = { kind: 'wipe-workspace' } as const;
const RESTART = { kind: 'restart-agent' } as const;

async function fleetOf(database: Database, size: number) {
  const time = { now: AT };
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus: new LocalBus(),
    clock: new DrivenClock(77),
    devices: { unenroll: async () => undefined },
    now: () => time.now,
  });
  const group = await addGroup(database, 'g');
  const devices: DeviceId[] = [];
  for (let index = 0; index < size; index += 1) devices.push(await addDevice(database, { group }));
  devices.sort();
  const rows = async () => (await database.db.selectFrom('commands').select(['id', 'state']).execute()).length;
  const waiting = async (job: CommandId) =>
    (await database.db.selectFrom('jobs').select('waiting').where('id', '=', job).executeTakeFirstOrThrow()).waiting;
  const pending = async (device: DeviceId, generation = 1) =>
    (await commands.pendingFor(device, generation)).map(({ id }) => id);
  const say = (device: DeviceId, command: CommandId, outcome: 'done' | 'failed' = 'done') =>
    commands.finished(device, 1, { command, outcome, detail: outcome });
  return { commands, time, group, devices, rows, waiting, pending, say };
}

const none = { queued: 0, stored: 0, done: 0, failed: 0, expired: 0, canceled: 0 };

describeOnEveryStore('a job', (open) => {
  it('stores no row in `commands` for a device until the device reports', async () => {
    const database = await open();
    const { commands, devices, rows, waiting, pending, say, time } = await fleetOf(database, 4);
    const [first, second, third, fourth] = devices as [DeviceId, DeviceId, DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: RESTART, by: 'acc' });
    expect([await rows(), await waiting(id)]).toEqual([0, 4]);
    const queued = await commands.get(commandIdFor(id, second));
    expect(queued).toEqual({
      id: commandIdFor(id, second),
      device: second,
      generation: 1,
      command: RESTART,
      state: 'queued',
      createdBy: 'acc',
      createdAt: AT,
      expiresAt: AT + DEFAULT_LIFE,
      storedAt: null,
      finishedAt: null,
      detail: null,
      displayed: null,
      job: id,
      attempt: 1,
      notBefore: null,
      cancelRequestedAt: null,
    });
    expect(await pending(second)).toEqual([queued.id]);

    time.now += 10;
    const own = (device: DeviceId) => commandIdFor(id, device);
    await Promise.all([
      commands.stored(first, 1, own(first)),
      commands.stored(first, 1, own(first)),
      say(second, own(second)),
      say(third, own(third), 'failed'),
    ]);
    expect([await rows(), await waiting(id)]).toEqual([3, 1]);
    expect(await commands.get(own(first))).toMatchObject({ state: 'stored', storedAt: AT + 10, finishedAt: null });
    expect(await commands.get(own(second))).toEqual({
      ...queued,
      state: 'done',
      storedAt: AT + 10,
      finishedAt: AT + 10,
      detail: 'done',
    });
    expect(await Promise.all(devices.map((device) => pending(device)))).toEqual([[], [], [], [own(fourth)]]);
    await say(first, own(first));
    expect(await commands.progress(id)).toMatchObject({
      counts: { ...none, queued: 1, done: 2, failed: 1 },
      failures: [{ device: third, state: 'failed', detail: 'failed' }],
    });
    expect(await waiting(id)).toBe(1);
  });

  it('returns the earlier result to a repeated request, and adds no device', async () => {
    const database = await open();
    const { commands, devices } = await fleetOf(database, 3);
    const [first, second, later] = devices as [DeviceId, DeviceId, DeviceId];
    const unknown = Array.from({ length: 4_500 }, newDeviceId).sort();
    await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', second).execute();
    const request = { id: newCommandId(), devices: [...unknown, first, second], command: LOCK, by: 'acc' };
    const issued = await commands.issueToMany(request);
    expect(issued.queued).toBe(1);
    expect(issued.refused.filter(({ code }) => code === 'not_found').map(({ device }) => device)).toEqual(unknown);
    expect(issued.refused.filter(({ code }) => code === 'conflict')).toEqual([{ device: second, code: 'conflict' }]);
    expect(await commands.issueToMany(request)).toEqual(issued);
    expect(await commands.issueToMany({ ...request, devices: [first, later] })).toEqual(issued);
    expect(await commands.pendingFor(later, 1)).toEqual([]);
    const nobody = { ...request, id: newCommandId(), devices: unknown.slice(0, 2) };
    expect((await commands.issueToMany(nobody)).refused).toHaveLength(2);
    await expect(commands.progress(nobody.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is read page by page, without the devices that have the command, and not after its end', async () => {
    const database = await open();
    const { commands, devices, time, say } = await fleetOf(database, 5);
    const job = await commands.issueToMany({ devices, command: RESTART, by: 'acc', expiresInSeconds: 60 });
    const waiting = async (after: DeviceId | null = null) =>
      (await commands.waitingFor(job.id, after)).map(({ device }) => device);
    expect(await commands.openJob(job.id)).toMatchObject({ id: job.id, command: RESTART, lockSecret: null });
    expect(await waiting()).toEqual(devices);
    expect(await waiting(devices[1])).toEqual(devices.slice(2));
    await say(devices[2]!, commandIdFor(job.id, devices[2]!));
    await commands.cancel(commandIdFor(job.id, devices[4]!), 'acc');
    expect(await waiting()).toEqual([devices[0], devices[1], devices[3]]);
    time.now += 60_000;
    // The command has expired, although the server has not marked it yet.
    expect(await commands.openJob(job.id)).toBeNull();
    expect(await waiting()).toEqual([]);
    expect(await commands.pendingFor(devices[0]!, 1)).toEqual([]);
    expect(await commands.expire()).toBe(3);
    expect(await commands.expire()).toBe(0);
    const { counts, failures } = await commands.progress(job.id);
    expect(counts).toEqual({ ...none, done: 1, canceled: 1, expired: 3 });
    expect(failures.map(({ state }) => state)).toEqual(['canceled', 'expired', 'expired', 'expired']);
    const late = commandIdFor(job.id, devices[0]!);
    expect(await commands.get(late)).toMatchObject({ state: 'expired', finishedAt: AT + 60_000 });
    await expect(commands.cancel(late, 'acc')).rejects.toMatchObject({ code: 'command_expired' });
    await say(devices[0]!, late);
    expect((await commands.progress(job.id)).counts).toEqual({ ...none, done: 2, canceled: 1, expired: 2 });
  });

  it('shows a canceled command of one device, and accepts the result of a command that was already sent', async () => {
    const database = await open();
    const { commands, devices, pending, say, waiting } = await fleetOf(database, 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: LOCK, by: 'acc' });
    const own = commandIdFor(id, device);
    expect(await commands.cancel(own, 'Ada')).toMatchObject({ state: 'canceled', detail: 'Canceled by Ada.' });
    expect(await commands.cancel(own, 'Ada')).toMatchObject({ state: 'canceled' });
    expect([await pending(device), await pending(other)]).toEqual([[], [commandIdFor(id, other)]]);
    expect(await waiting(id)).toBe(1);
    await commands.stored(device, 1, own);
    expect((await commands.get(own)).state).toBe('canceled');
    await say(device, own);
    expect((await commands.get(own)).state).toBe('done');
    await commands.stored(other, 1, commandIdFor(id, other));
    // The device has the command, so the server asks the device to cancel it.
    const asked = await commands.cancel(commandIdFor(id, other), 'Ada');
    expect(asked).toMatchObject({ state: 'stored', cancelRequestedAt: AT });
    expect(await commands.pendingFor(other, 1)).toMatchObject([{ id: asked.id, state: 'stored' }]);
    await commands.finished(other, 1, { command: asked.id, outcome: 'canceled', detail: 'in time' });
    expect(await commands.get(asked.id)).toMatchObject({ state: 'canceled', detail: 'in time' });
    expect(await commands.progress(id)).toMatchObject({ progress: { state: 'finished' } });
  });

  it('accepts no report of another device, of another enrollment or with another id', async () => {
    const database = await open();
    const { commands, devices, rows } = await fleetOf(database, 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: { kind: 'message', text: 'one' }, by: 'acc' });
    const own = commandIdFor(id, device);
    const shown = { command: own, on: 'page' as const, at: AT };
    for (const act of [
      () => commands.stored(other, 1, own),
      () => commands.stored(device, 2, own),
      () => commands.stored(device, 1, id),
      () => commands.displayed(other, 1, shown),
      () => commands.displayed(device, 2, shown),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await rows()).toBe(0);
    // The display can be reported before the acknowledgment.
    await commands.displayed(device, 1, shown);
    expect(await commands.get(own)).toMatchObject({ state: 'queued', displayed: { at: AT, on: 'page' } });
    expect((await commands.pendingFor(device, 1)).map((each) => each.id)).toEqual([own]);
    await commands.stored(device, 1, own);
    expect(await commands.progress(id)).toMatchObject({ displayed: 1, counts: { ...none, queued: 1, stored: 1 } });
  });

  it('never reaches a later enrollment, and the end of an enrollment cancels its commands', async () => {
    const database = await open();
    const { commands, devices, pending, waiting } = await fleetOf(database, 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: LOCK, by: 'acc' });
    await database.transaction((tx) => cancelCommandsOf(tx, device, AT + 5, 'The device was enrolled again.'));
    await database.db.updateTable('devices').set({ generation: 2 }).execute();
    expect(await Promise.all(devices.map((each) => pending(each, 2)))).toEqual([[], []]);
    expect(await commands.get(commandIdFor(id, device))).toMatchObject({
      state: 'canceled',
      generation: 1,
      finishedAt: AT + 5,
      detail: 'The device was enrolled again.',
    });
    expect(await waiting(id)).toBe(1);
    expect(await pending(other)).toEqual([commandIdFor(id, other)]);
  });

  it('of wipes has one ledger entry per device, and a legal hold cancels the wipe of its device', async () => {
    const database = await open();
    const { commands, devices, pending } = await fleetOf(database, 3);
    const [held, free, refused] = devices as [DeviceId, DeviceId, DeviceId];
    await database.db.updateTable('devices').set({ status: 'unenrolled' }).where('id', '=', refused).execute();
    const wipe = await commands.issueToMany({ devices, command: WIPE, by: 'acc' });
    const lock = await commands.issueToMany({ devices, command: LOCK, by: 'acc' });
    const entries = await database.db.selectFrom('ledger_entries').select(['kind', 'body']).orderBy('id').execute();
    expect(entries.map(({ body }) => JSON.parse(body).public.command)).toEqual([
      commandIdFor(wipe.id, held),
      commandIdFor(wipe.id, free),
    ]);
    await database.transaction((tx) => cancelDestruction(tx, sql`id = ${held}`, AT + 1));
    expect(await pending(held)).toEqual([commandIdFor(lock.id, held)]);
    expect(await commands.get(commandIdFor(wipe.id, held))).toMatchObject({
      state: 'canceled',
      detail: 'A legal hold was placed.',
    });
    expect(new Set(await pending(free))).toEqual(new Set([commandIdFor(wipe.id, free), commandIdFor(lock.id, free)]));
  });

  it('of locks gives each device its own share, which the unlock command contains before and after the report', async () => {
    const database = await open();
    const { commands, devices, time } = await fleetOf(database, 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: LOCK, by: 'acc' });
    const shareOf = async (of: DeviceId) => (await commands.pendingFor(of, 1))[0]?.shares ?? [];
    const [share, otherShare] = [await shareOf(device), await shareOf(other)];
    expect(share).toEqual([expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/)]);
    expect(share).not.toEqual(otherShare);
    expect(await shareOf(device)).toEqual(share);
    const job = await commands.openJob(id);
    expect(await commands.commandsOf(job!, [{ device }, { device: other }])).toEqual([
      { id: commandIdFor(id, device), shares: share },
      { id: commandIdFor(id, other), shares: otherShare },
    ]);
    const unlockShares = async () => {
      time.now += 1;
      const { id: unlock } = await commands.issueToMany({
        devices,
        command: { kind: 'unlock-workspace' },
        by: 'acc',
        expiresInSeconds: 1,
      });
      const unlocking = await commands.openJob(unlock);
      const found = await commands.commandsOf(unlocking!, [{ device }]);
      time.now += 1_000;
      return found[0]?.shares;
    };
    expect(await unlockShares()).toEqual(share);
    await commands.stored(device, 1, commandIdFor(id, device));
    expect(await unlockShares()).toEqual(share);
    // Locks that the device never reported do not displace the share of the lock that it has.
    for (let count = 0; count < 20; count += 1) {
      await commands.issueToMany({ devices, command: LOCK, by: 'acc', expiresInSeconds: 1 });
      time.now += 1_000;
    }
    expect(await unlockShares()).toContain(share[0]);
    time.now += 500 * DAY;
    await commands.expire();
    await removeExpired(database, { domain: time.now, real: time.now + 401 * DAY }, 400);
    const members = database.db.selectFrom('job_members').select('device_id').where('job', '=', id);
    expect(await members.execute()).toEqual([{ device_id: other }]);
    const shares = new UnlockShareStore(database);
    expect(await shares.sharesOf(device, 30)).toContain(share[0]);
    expect(await shares.sharesOf(other, 60)).toContain(otherShare[0]);
  });

  it('is listed with the other commands of a device, newest first, page by page', async () => {
    const database = await open();
    const { commands, devices, time, say } = await fleetOf(database, 2);
    const [device] = devices as [DeviceId];
    const expected: { readonly id: CommandId; readonly at: number }[] = [];
    for (let index = 0; index < 24; index += 1) {
      time.now += index % 5 === 0 ? 1 : 0;
      if (index % 3 === 0) {
        const { id } = await commands.issue({ device, command: RESTART, by: 'acc' });
        expected.push({ id, at: time.now });
        continue;
      }
      const { id: job } = await commands.issueToMany({ devices, command: RESTART, by: 'acc' });
      const id = commandIdFor(job, device);
      expected.push({ id, at: time.now });
      if (index % 4 === 0) await say(device, id);
    }
    expected.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    for (const size of [1, 3, 7, 50]) {
      const seen: string[] = [];
      for (let page = await commands.list(device, null, size); page.length > 0; ) {
        seen.push(...page.map(({ id }) => id));
        page = await commands.list(device, page.at(-1), size);
      }
      expect(seen).toEqual(expected.map(({ id }) => id));
    }
  });

  it('counts as waiting commands of its devices and of the installation', async () => {
    const database = await open();
    const { commands, devices, time, say } = await fleetOf(database, 2);
    const [device, other] = devices as [DeviceId, DeviceId];
    const job = await commands.issueToMany({ devices, command: RESTART, by: 'acc', expiresInSeconds: 60 });
    await commands.issue({ device, command: RESTART, by: 'acc', expiresInSeconds: 60 });
    const states = new DeviceStateStore(database);
    const waits = async () => {
      const found = await states.statesWithWaits(devices, null);
      return devices.map((each) => found.get(each)?.waits.commands);
    };
    const queued = async () => (await new MetricsStore(database).figures()).queuedCommands;
    expect([await waits(), await queued()]).toEqual([[2, 1], 3]);
    await say(other, commandIdFor(job.id, other));
    expect([await waits(), await queued()]).toEqual([[2, 0], 2]);
    time.now += 60_000;
    await commands.expire();
    expect([await waits(), await queued()]).toEqual([[0, 0], 0]);
  });

  it('is deleted at the end of its retention period, but not for a device under a legal hold', async () => {
    const database = await open();
    const { commands, devices, time, say } = await fleetOf(database, 3);
    const [held, free] = devices as [DeviceId, DeviceId];
    const { id } = await commands.issueToMany({ devices, command: RESTART, by: 'acc', expiresInSeconds: 60 });
    await say(free, commandIdFor(id, free));
    const hold = { id: 'hld_1', device_id: held, person_id: null, reason: '', reference: null };
    await database.db
      .insertInto('legal_holds')
      .values({ ...hold, placed_at: 1, placed_by: 'x', records_updated: 1 })
      .execute();
    time.now += 60_000;
    await commands.expire();
    const removed = async (days: number) => {
      const counts = await removeExpired(database, { domain: 1, real: time.now + days * DAY + 1 }, 400);
      return [counts['job_members'], counts['jobs'], counts['commands']];
    };
    // The result stays as long as the job.
    time.now -= 50_000;
    expect(await removed(400)).toEqual([0, 0, 0]);
    time.now += 50_000;
    expect(await removed(400)).toEqual([2, 0, 1]);
    expect((await commands.get(commandIdFor(id, held))).state).toBe('expired');
    await database.db.updateTable('legal_holds').set({ released_at: 2 }).execute();
    expect(await removed(400)).toEqual([1, 1, 0]);
    await expect(commands.get(commandIdFor(id, held))).rejects.toMatchObject({ code: 'not_found' });
  });
});
