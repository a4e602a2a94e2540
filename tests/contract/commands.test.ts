import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { commandIdFor } from '../../server/commands/command-id-for.ts';
import { DEFAULT_LIFE } from '../../server/commands/command-issue.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import {
  type CommandId,
  commandIdSchema,
  type DeviceId,
  type GroupId,
  newCommandId,
  newDeviceId,
} from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const AT = 1_000_000;

async function queue(database: Database) {
  const bus = new LocalBus();
  const wakes: Wake[] = [];
  bus.subscribe((wake) => wakes.push(wake));
  const unenrolled: DeviceId[] = [];
  const time = { now: AT };
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock: new DrivenClock(77),
    devices: { unenroll: async (device) => void unenrolled.push(device) },
    now: () => time.now,
  });
  const group = await addGroup(database, 'g');
  const device = await addDevice(database, { group });
  const lock = (id?: CommandId) => ({
    ...(id ? { id } : {}),
    device,
    command: { kind: 'lock-workspace' as const },
    by: 'acc',
  });
  const say = (id: CommandId, outcome: 'done' | 'failed' | 'expired', detail = '') =>
    commands.finished(device, 1, { command: id, outcome, detail });
  return { commands, device, group, lock, say, time, wakes, unenrolled };
}

describeOnEveryStore('commands', (open) => {
  it('change from queued to stored to done, each step once', async () => {
    const { commands, device, lock, say, time, wakes } = await queue(await open());
    const issued = await commands.issue(lock());
    expect(issued).toMatchObject({ state: 'queued', generation: 1, createdAt: AT, expiresAt: AT + DEFAULT_LIFE });
    await turn();
    expect(wakes).toEqual([{ kind: 'commands', devices: [device] }]);
    const shares = [expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/)];
    expect(await commands.pendingFor(device, 1)).toEqual([{ ...issued, shares, priority: null, window: null }]);
    // The share is the same each time: a device that is locked with one share must not get another share for the same lock.
    expect(await commands.pendingFor(device, 1)).toEqual(await commands.pendingFor(device, 1));
    time.now += 10;
    await Promise.all([commands.stored(device, 1, issued.id), commands.stored(device, 1, issued.id)]);
    expect(await commands.get(issued.id)).toMatchObject({ state: 'stored', storedAt: AT + 10, finishedAt: null });
    expect(await commands.pendingFor(device, 1)).toEqual([]);
    time.now += 10;
    await say(issued.id, 'done', 'locked');
    time.now += 10;
    await say(issued.id, 'failed', 'said again, otherwise');
    await commands.stored(device, 1, issued.id);
    expect(await commands.get(issued.id)).toMatchObject({
      state: 'done',
      detail: 'locked',
      storedAt: AT + 10,
      finishedAt: AT + 20,
    });
  });

  it('are issued once per id; another command with the same id is refused', async () => {
    const database = await open();
    const { commands, device, group, lock } = await queue(database);
    const id = newCommandId();
    const wipe = { id, device, command: { kind: 'wipe-workspace' as const }, by: 'acc' };
    const results = await Promise.all(Array.from({ length: 5 }, () => commands.issue(wipe)));
    for (const result of results) expect(result).toEqual(results[0]);
    await expect(commands.issue(lock(id))).rejects.toMatchObject({ code: 'conflict' });
    const other = await addDevice(database, { group });
    await expect(commands.issue({ ...wipe, device: other })).rejects.toMatchObject({ code: 'conflict' });
    const message = { id: newCommandId(), device, command: { kind: 'message' as const, text: 'one' }, by: 'acc' };
    await commands.issue(message);
    await commands.issue(message);
    const changed = { ...message, command: { kind: 'message' as const, text: 'two' } };
    await expect(commands.issue(changed)).rejects.toMatchObject({ code: 'conflict' });

    const entries = await database.db.selectFrom('ledger_entries').select(['kind', 'body']).execute();
    expect(entries.map(({ kind }) => kind)).toEqual(['workspace.wipe']);
    expect(JSON.parse(entries[0]!.body)).toMatchObject({ at: 77, public: { command: id } });
    expect(await commands.list(device)).toHaveLength(2);
  });

  it('are issued to many devices once despite repeated requests, and each refused device is reported', async () => {
    const database = await open();
    const { commands, group, time, wakes } = await queue(database);
    const devices: DeviceId[] = [];
    for (let index = 0; index < 5; index += 1) devices.push(await addDevice(database, { group }));
    const [first, ended] = [devices[0]!, devices[4]!];
    await database.db.updateTable('devices').set({ generation: 3 }).where('id', '=', first).execute();
    await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', ended).execute();
    const unknown = newDeviceId();
    const wipe = { id: newCommandId(), command: { kind: 'wipe-workspace' as const }, by: 'acc' };
    const wanted = { ...wipe, devices: [...devices, unknown, first] };
    const [issued, again] = await Promise.all([commands.issueToMany(wanted), commands.issueToMany(wanted)]);
    expect(issued).toMatchObject({ id: wipe.id, queued: 4 });
    expect(new Set(issued.refused.map(({ device, code }) => `${device} ${code}`))).toEqual(
      new Set([`${ended} conflict`, `${unknown} not_found`]),
    );
    expect(again.queued).toBe(4);
    time.now += 10;
    expect((await commands.issueToMany(wanted)).queued).toBe(4);
    const other = { ...wanted, command: { kind: 'lock-workspace' as const }, devices: [first] };
    expect((await commands.issueToMany(other)).refused).toEqual([{ device: first, code: 'conflict' }]);
    const pending = await Promise.all(devices.map((device) => commands.pendingFor(device, device === first ? 3 : 1)));
    expect(pending.map((all) => all.length)).toEqual([1, 1, 1, 1, 0]);
    expect(pending[0]).toMatchObject([{ device: first, generation: 3, command: { kind: 'wipe-workspace' } }]);
    const entries = await database.db.selectFrom('ledger_entries').select('kind').execute();
    expect(entries.map(({ kind }) => kind)).toEqual(Array(4).fill('workspace.wipe'));
    await turn();
    expect(wakes[0]).toEqual({ kind: 'job', job: wipe.id });
    await expect(commands.issueToMany({ ...wanted, expiresInSeconds: 0 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('case 15: accept no report of another device or of another enrollment', async () => {
    const database = await open();
    const { commands, device, group, lock } = await queue(database);
    const { id } = await commands.issue(lock());
    const other = await addDevice(database, { group });
    const result = { command: id, outcome: 'done' as const, detail: '' };
    const refused = [
      () => commands.stored(other, 1, id),
      () => commands.finished(other, 1, result),
      () => commands.finished(device, 2, result),
      () => commands.stored(device, 2, id),
      () => commands.stored(device, 1, newCommandId()),
    ];
    for (const act of refused) await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    // The false reports share a commit with a valid report. Only the valid report counts.
    const mixed = await Promise.allSettled([commands.stored(other, 1, id), commands.stored(device, 1, id)]);
    expect(mixed.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await commands.get(id)).toMatchObject({ state: 'stored', finishedAt: null });
  });

  it('never reach a later enrollment of the device', async () => {
    const database = await open();
    const { commands, device, lock } = await queue(database);
    await commands.issue(lock());
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', device).execute();
    expect(await commands.pendingFor(device, 2)).toEqual([]);
    const { generation } = await commands.issue(lock());
    expect(generation).toBe(2);
    expect(await commands.pendingFor(device, 2)).toHaveLength(1);
  });

  it('are refused for inactive and unknown devices', async () => {
    const database = await open();
    const { commands, device, lock } = await queue(database);
    await expect(commands.issue({ ...lock(), device: newDeviceId() })).rejects.toMatchObject({ code: 'not_found' });
    await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', device).execute();
    await expect(commands.issue(lock())).rejects.toMatchObject({ code: 'conflict' });
    expect(await commands.list(device)).toEqual([]);
  });

  it('can be canceled until the device has finished them', async () => {
    const { commands, device, lock, say } = await queue(await open());
    const [first, second] = [await commands.issue(lock()), await commands.issue(lock())];
    expect(await commands.cancel(first.id, 'acc')).toMatchObject({ state: 'canceled', finishedAt: AT });
    expect(await commands.cancel(first.id, 'acc')).toMatchObject({ state: 'canceled' });
    expect((await commands.pendingFor(device, 1)).map(({ id }) => id)).toEqual([second.id]);
    await commands.stored(device, 1, second.id);
    // Only the device knows whether it has started the command.
    expect(await commands.cancel(second.id, 'acc')).toMatchObject({ state: 'stored', cancelRequestedAt: AT });
    expect((await commands.pendingFor(device, 1)).map(({ id, state }) => [id, state])).toEqual([[second.id, 'stored']]);
    await say(second.id, 'failed', 'no');
    expect(await commands.pendingFor(device, 1)).toEqual([]);
    await expect(commands.cancel(second.id, 'acc')).rejects.toMatchObject({ code: 'command_finished' });
    await expect(commands.cancel(newCommandId(), 'acc')).rejects.toMatchObject({ code: 'not_found' });
    // The command was in transit when it was canceled. The device's report decides the shown state.
    await say(first.id, 'done', 'done after all');
    expect(await commands.get(first.id)).toMatchObject({ state: 'done', detail: 'done after all' });
  });

  it('expire by the server’s time, and still accept the device’s late report', async () => {
    const { commands, device, lock, say, time } = await queue(await open());
    const short = await commands.issue({ ...lock(), expiresInSeconds: 60 });
    const long = await commands.issue(lock());
    time.now = short.expiresAt;
    expect((await commands.pendingFor(device, 1)).map(({ id }) => id)).toEqual([long.id]);
    expect(await commands.expire()).toBe(1);
    expect(await commands.expire()).toBe(0);
    expect(await commands.get(short.id)).toMatchObject({ state: 'expired', finishedAt: short.expiresAt });
    await expect(commands.cancel(short.id, 'acc')).rejects.toMatchObject({ code: 'command_expired' });
    await say(short.id, 'done', 'in time, reported late');
    expect(await commands.get(short.id)).toMatchObject({ state: 'done' });
    for (const expiresInSeconds of [0, -1, 91 * 86_400, Number.NaN]) {
      await expect(commands.issue({ ...lock(), expiresInSeconds })).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });

  it('are listed newest first, page by page', async () => {
    const { commands, device, lock, time } = await queue(await open());
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      time.now += index % 2;
      ids.push((await commands.issue(lock())).id);
    }
    const seen: string[] = [];
    for (let page = await commands.list(device, null, 3); page.length > 0; ) {
      seen.push(...page.map(({ id }) => id));
      page = await commands.list(device, page.at(-1)!, 3);
    }
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(7);
  });

  it('end the enrollment when the device has carried out unenroll, also after a repeated report', async () => {
    const { commands, device, say, unenrolled } = await queue(await open());
    const { id } = await commands.issue({ device, command: { kind: 'unenroll' }, by: 'acc' });
    await commands.stored(device, 1, id);
    expect(unenrolled).toEqual([]);
    await say(id, 'done');
    await say(id, 'done');
    expect(unenrolled).toEqual([device, device]);
  });

  it('of one request have a common progress, limited to the devices of a scope', async () => {
    const database = await open();
    const { commands, device, group, say } = await queue(database);
    const elsewhere = await addGroup(database, 'elsewhere');
    const other = await addDevice(database, { group, user: 'عائشہ' });
    const far = await addDevice(database, { group: elsewhere });
    const command = { kind: 'lock-workspace' as const };
    const { id } = await commands.issueToMany({ devices: [device, other, far], command, by: 'acc' });
    await commands.issueToMany({ devices: [device, other], command, by: 'acc' });
    await commands.issue({ device, command, by: 'acc' });
    await say(commandIdFor(id, device), 'done');
    await commands.finished(other, 1, { command: commandIdFor(id, other), outcome: 'failed', detail: 'no workspace' });
    await commands.stored(far, 1, commandIdFor(id, far));
    const none = { queued: 0, stored: 0, done: 0, failed: 0, expired: 0, canceled: 0 };
    const failures = [{ device: other, user: 'عائشہ', state: 'failed', detail: 'no workspace' }];
    const whole = { command, createdBy: 'acc', createdAt: AT, expiresAt: AT + DEFAULT_LIFE, displayed: 0, failures };
    expect(await commands.progress(id)).toMatchObject({ ...whole, counts: { ...none, done: 1, failed: 1, stored: 1 } });
    const ofGroup = (of: GroupId) => [{ group: of, homes: null }];
    expect(await commands.progress(id, ofGroup(group))).toMatchObject({
      ...whole,
      counts: { ...none, done: 1, failed: 1 },
    });
    expect(await commands.progress(id, ofGroup(elsewhere))).toMatchObject({ counts: { stored: 1 }, failures: [] });
    const nobody = commands.progress(id, ofGroup(await addGroup(database, 'empty')));
    await expect(nobody).rejects.toMatchObject({ code: 'not_found' });
    await expect(commands.progress(newCommandId())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('appear in the list of requests, newest first, limited to the devices of a scope', async () => {
    const database = await open();
    const { commands, device, group } = await queue(database);
    const elsewhere = await addGroup(database, 'elsewhere');
    const far = await addDevice(database, { group: elsewhere });
    const command = { kind: 'lock-workspace' as const };
    const sent: string[] = [];
    // The requests belong to two ranges of the primary key, so that there are two pages.
    for (const [stretch, count] of [
      ['a', 12],
      ['b', 3],
    ] as const) {
      for (let at = 0; at < count; at += 1) {
        const id = commandIdSchema.parse(`cmd_${stretch.repeat(4)}${newCommandId().slice(8)}`);
        sent.unshift(
          (await commands.issueToMany({ id, devices: at === 0 ? [device, far] : [device], command, by: 'acc' })).id,
        );
      }
    }
    await commands.issue({ device, command, by: 'acc' });
    const all = async (of: GroupId | null) => {
      const found: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = await commands.requests(of === null ? null : [{ group: of, homes: null }], {}, cursor);
        found.push(...page.requests.map(({ id }) => id));
        cursor = page.cursor;
        if (cursor === null) return found;
      }
    };
    expect((await all(null)).sort()).toEqual([...sent].sort());
    expect(await all(group)).toHaveLength(15);
    expect(await all(elsewhere)).toHaveLength(2);
    const [newest] = (await commands.requests(null, {}, null)).requests;
    expect(newest).toMatchObject({ command, createdBy: 'acc', counts: { queued: expect.any(Number) } });
    expect(newest?.id.startsWith('cmd_bbbb')).toBe(true);
  });

  it('that are messages become displayed once, by a report of their own device only', async () => {
    const database = await open();
    const { commands, device, group, lock, say, time } = await queue(database);
    const other = await addDevice(database, { group });
    const command = { kind: 'message' as const, text: 'The office is closed.' };
    const { id: request } = await commands.issueToMany({ devices: [device, other], command, by: 'acc' });
    const id = commandIdFor(request, device);
    await commands.stored(device, 1, id);
    await say(id, 'done', 'stored for the user');
    expect(await commands.get(id)).toMatchObject({ state: 'done', displayed: null });
    expect(await commands.progress(request)).toMatchObject({ displayed: 0 });

    const locked = await commands.issue(lock());
    const report = { command: id, on: 'page' as const, at: AT + 5 };
    for (const act of [
      () => commands.displayed(other, 1, report),
      () => commands.displayed(device, 2, report),
      () => commands.displayed(device, 1, { ...report, command: locked.id }),
      () => commands.displayed(device, 1, { ...report, command: newCommandId() }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    }
    time.now += 10;
    await commands.displayed(device, 1, report);
    await commands.displayed(device, 1, { ...report, on: 'desktop', at: AT + 7 });
    expect(await commands.get(id)).toMatchObject({ displayed: { at: AT + 5, on: 'page' } });
    expect(await commands.progress(request)).toMatchObject({ displayed: 1 });

    // A device with a wrong clock reports a display before the message's creation, or in the future.
    const second = commandIdFor(request, other);
    await commands.displayed(other, 1, { command: second, on: 'desktop', at: AT + 1_000_000 });
    expect(await commands.get(second)).toMatchObject({ displayed: { at: AT + 10 } });
    const third = await commands.issue({ device, command, by: 'acc' });
    await commands.displayed(device, 1, { command: third.id, on: 'desktop', at: 3 });
    expect(await commands.get(third.id)).toMatchObject({ displayed: { at: AT + 10 } });
  });
});
