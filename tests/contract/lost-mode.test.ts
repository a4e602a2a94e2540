/** Lost mode on both databases, with the positions in a real file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLostModes } from '../../server/lost-mode/lost-mode.ts';
import type { Database } from '../../server/store/database.ts';
import { LostModeStore } from '../../server/store/lost-mode-store.ts';
import { PositionFile } from '../../server/store/position-file.ts';
import { MOST_POSITIONS, POSITION_EVERY } from '../../shared/lost-mode/lost-mode.ts';
import { type DeviceId, newLostModeId } from '../../shared/protocol/ids.ts';
import { testCustody } from '../support/custody.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const TEXTS = { reason: 'Left in a train', contact: '+44 20 7946 0000' };
const HERE = { latitude: 33.684212345, longitude: 73.047912345, accuracy: 12 };

let folder: string;
const ends: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-positions-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const fail = (error: unknown) => {
  throw error;
};
/** Bytes of the file and of its write-ahead log. */
const bytesOfPositions = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));

async function world(database: Database) {
  const { devices, clock, bus, wakes } = fleet(database);
  const device = await addDevice(database, { group: await addGroup(database, 'g') });
  const custody = testCustody();
  const start = async () => {
    const positions = new PositionFile(join(folder, 'positions.db'));
    const lost = createLostModes({ store: new LostModeStore(database), positions, sealer: custody, bus, clock });
    const stop = await lost.startExpiry(fail);
    const close = async () => {
      await stop();
      positions.close();
    };
    return { lost, positions, close };
  };
  const first = await start();
  ends.push(first.close);
  return { ...first, devices, clock, wakes, device, start };
}

const events = async ({ db }: Database, device: DeviceId) =>
  (
    await db
      .selectFrom('activity_entries')
      .innerJoin('activity_targets', 'activity_targets.entry_id', 'activity_entries.id')
      .select(['action', 'actor_kind'])
      .where('target', '=', device)
      .where('action', 'like', 'lost-mode.%')
      .orderBy('activity_entries.id')
      .execute()
  ).map(({ action, actor_kind }) => `${action} by ${actor_kind}`);

describeOnEveryStore('lost mode', (open) => {
  it('keeps the newest positions while it lasts, encrypted and outside of the store', async () => {
    const database = await open();
    const { lost, clock, device } = await world(database);
    expect(await lost.state(device)).toBeNull();
    expect(() => lost.positions(device)).toThrow(/not in lost mode/);
    const { id, until: end } = await lost.start(device, { ...TEXTS, days: 7 });
    expect(end).toBe(NOW + 7 * DAY);
    expect(lost.current(device, 1)).toEqual({ id, ...TEXTS, startedAt: NOW, until: end });
    expect(lost.current(device, 2)).toBeNull();
    await lost.report(device, 1, { mode: id, position: null });
    expect(await lost.state(device)).toMatchObject({ deliveredAt: NOW, unlocatedAt: NOW, positions: { count: 0 } });
    for (let index = 1; index <= MOST_POSITIONS + 3; index += 1) {
      clock.jump(NOW + index * POSITION_EVERY);
      await lost.report(device, 1, { mode: id, position: { ...HERE, accuracy: index } });
    }
    const newest = NOW + (MOST_POSITIONS + 3) * POSITION_EVERY;
    expect(await lost.state(device)).toMatchObject({
      deliveredAt: NOW,
      unlocatedAt: null,
      positions: { count: MOST_POSITIONS, newestAt: newest },
    });
    const listed = lost.positions(device);
    expect(listed[0]).toEqual({ ...HERE, accuracy: MOST_POSITIONS + 3, at: newest });
    expect(listed.at(-1)?.accuracy).toBe(4);
    expect(bytesOfPositions().includes('33.684212345')).toBe(false);
  });

  it('ignores reports that come too soon, and those of another mode or enrollment', async () => {
    const database = await open();
    const { lost, clock, device } = await world(database);
    const { id } = await lost.start(device, { ...TEXTS, days: 1 });
    await lost.report(device, 1, { mode: newLostModeId(), position: HERE });
    await lost.report(device, 2, { mode: id, position: HERE });
    expect(lost.positions(device)).toEqual([]);
    await lost.report(device, 1, { mode: id, position: HERE });
    clock.jump(NOW + 1_000);
    await lost.report(device, 1, { mode: id, position: HERE });
    expect(lost.positions(device)).toHaveLength(1);
  });

  it('takes no position of another device, also with the right mode, and no end by it', async () => {
    const database = await open();
    const { lost, device } = await world(database);
    const thief = await addDevice(database, { group: await addGroup(database, 'other') });
    const { id } = await lost.start(device, { ...TEXTS, days: 1 });
    for (const round of ['without a mode of its own', 'with one'] as const) {
      await lost.report(thief, 1, { mode: id, position: HERE });
      await lost.endedOnDevice(thief, 1, { mode: id, by: 'user' });
      expect([round, lost.positions(device)]).toEqual([round, []]);
      expect((await lost.state(device))?.endedAt).toBeNull();
      if (round === 'without a mode of its own') await lost.start(thief, { ...TEXTS, days: 1 });
    }
    // A position of the right device changes nothing for the other one.
    await lost.report(device, 1, { mode: id, position: HERE });
    expect([lost.positions(device).length, lost.positions(thief)]).toEqual([1, []]);
    await lost.end(thief);
    expect(lost.positions(device)).toHaveLength(1);
  });

  it('takes no position before lost mode begins, after it has ended, or for an earlier mode of the device', async () => {
    const database = await open();
    const { lost, positions, clock, device } = await world(database);
    const guessed = newLostModeId();
    await lost.report(device, 1, { mode: guessed, position: HERE });
    expect([await lost.state(device), positions.list(guessed)]).toEqual([null, []]);
    const first = await lost.start(device, { ...TEXTS, days: 1 });
    clock.jump(first.until - 1);
    await lost.report(device, 1, { mode: first.id, position: HERE });
    expect(lost.positions(device)).toHaveLength(1);
    clock.jump(first.until);
    await lost.report(device, 1, { mode: first.id, position: HERE });
    await until(async () => expect((await lost.state(device))?.endedBy).toBe('expiry'));
    const second = await lost.start(device, { ...TEXTS, days: 1 });
    await lost.report(device, 1, { mode: first.id, position: HERE });
    await lost.endedOnDevice(device, 1, { mode: first.id, by: 'user' });
    expect([lost.positions(device), positions.list(first.id)]).toEqual([[], []]);
    expect(lost.current(device, 1)?.id).toBe(second.id);
  });

  it('stores one of many simultaneous and repeated reports, and none that races with the end', async () => {
    const database = await open();
    const { lost, positions, clock, device } = await world(database);
    const { id } = await lost.start(device, { ...TEXTS, days: 1 });
    const report = () => lost.report(device, 1, { mode: id, position: HERE });
    await Promise.all(Array.from({ length: 20 }, report));
    expect(lost.positions(device)).toHaveLength(1);
    clock.jump(NOW + POSITION_EVERY);
    await Promise.all([report(), lost.end(device), report()]);
    clock.jump(NOW + 2 * POSITION_EVERY);
    await report();
    expect(positions.list(id)).toEqual([]);
    expect((await lost.state(device))?.endedBy).toBe('admin');
  });

  it.each([
    ['admin', []],
    ['user', ['lost-mode.ended-by-user by device']],
    ['earlier', ['lost-mode.ended-earlier by device']],
    ['expiry', ['lost-mode.expired by device']],
    ['enrollment', ['lost-mode.ended-with-enrollment by device']],
  ] as const)('deletes the positions at the end (%s), and records the side that ended it', async (side, recorded) => {
    const database = await open();
    const { lost, positions, clock, devices, device } = await world(database);
    const { id } = await lost.start(device, { ...TEXTS, days: 1 });
    await lost.report(device, 1, { mode: id, position: HERE });
    const [{ sealed = '' } = {}] = positions.list(id);
    expect(bytesOfPositions().includes(sealed)).toBe(true);
    if (side === 'admin') await lost.end(device);
    else if (side === 'expiry') clock.jump(NOW + DAY);
    else if (side === 'enrollment') await devices.revoke(device);
    else await lost.endedOnDevice(device, 1, { mode: id, by: side });
    await until(async () => expect((await lost.state(device))?.endedBy).toBe(side === 'earlier' ? 'device' : side));
    expect(() => lost.positions(device)).toThrow(/not in lost mode/);
    expect(lost.current(device, 1)).toBeNull();
    expect(positions.list(id)).toEqual([]);
    expect(bytesOfPositions().includes(sealed)).toBe(false);
    await lost.report(device, 1, { mode: id, position: HERE });
    expect(positions.list(id)).toEqual([]);
    expect(await events(database, device)).toEqual(recorded);
    await expect(lost.end(device)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('starts once for each enrolled device, and again after its end', async () => {
    const database = await open();
    const { lost, devices, device } = await world(database);
    const first = await lost.start(device, { ...TEXTS, days: 30 });
    await expect(lost.start(device, { ...TEXTS, days: 1 })).rejects.toMatchObject({ code: 'conflict' });
    await lost.end(device);
    const second = await lost.start(device, { ...TEXTS, days: 1 });
    expect(second.id).not.toBe(first.id);
    // A late report of the first mode does not end the second one.
    await lost.endedOnDevice(device, 1, { mode: first.id, by: 'user' });
    expect(lost.current(device, 1)?.id).toBe(second.id);
    await devices.revoke(device);
    await until(() => expect(lost.current(device, 1)).toBeNull());
    await expect(lost.start(device, { ...TEXTS, days: 1 })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('survives a restart of the server, which deletes the positions of modes that ended meanwhile', async () => {
    const database = await open();
    const { lost, close, clock, device, start } = await world(database);
    const { id } = await lost.start(device, { ...TEXTS, days: 1 });
    await lost.report(device, 1, { mode: id, position: HERE });
    ends.splice(0);
    await close();
    const second = await start();
    expect(second.lost.positions(device)).toMatchObject([HERE]);
    await second.close();
    clock.jump(NOW + DAY);
    const third = await start();
    ends.push(third.close);
    expect(await third.lost.state(device)).toMatchObject({ endedBy: 'expiry', positions: { count: 0 } });
    expect(third.positions.list(id)).toEqual([]);
  });

  it('deletes positions whose mode the store does not have, as after a crash', async () => {
    const database = await open();
    const { positions, close, start } = await world(database);
    const stray = newLostModeId();
    positions.open([stray]);
    positions.add(stray, { at: 1, sealed: 'a sealed position' }, MOST_POSITIONS);
    ends.splice(0);
    await close();
    expect(bytesOfPositions().includes('a sealed position')).toBe(true);
    const next = await start();
    ends.push(next.close);
    expect(next.positions.list(stray)).toEqual([]);
    expect(bytesOfPositions().includes('a sealed position')).toBe(false);
  });
});

describeOnEveryStore('the display name of a device', (open) => {
  it('appears in the device, its names and searches, and can be removed', async () => {
    const database = await open();
    const { devices, wakes } = fleet(database);
    const group = await addGroup(database, 'g');
    const [device, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const found = async (text: string) =>
      (await devices.list({ filter: { text }, scope: null })).items.map(({ id }) => id);
    expect((await devices.rename(device, 'Reception, Lahore')).displayName).toBe('Reception, Lahore');
    expect(await devices.displayName(device)).toBe('Reception, Lahore');
    expect((await devices.get(other)).displayName).toBeNull();
    const names = new Map((await devices.names([device, other])).map(({ id, displayName }) => [id, displayName]));
    expect(names).toEqual(
      new Map([
        [device, 'Reception, Lahore'],
        [other, null],
      ]),
    );
    expect(await found('RECEPTION lahore')).toEqual([device]);
    await devices.rename(device, 'Lobby');
    expect([await found('reception'), await found('lobby')]).toEqual([[], [device]]);
    await until(() => expect(wakes).toContainEqual({ kind: 'device-name', device }));
    await devices.rename(device, null);
    expect([await devices.displayName(device), await found('lobby')]).toEqual([null, []]);
  });
});
