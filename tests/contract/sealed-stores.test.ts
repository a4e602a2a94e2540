/** Key packages and attachments through their stores. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { AttachmentStore } from '../../server/store/attachment-store.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { KeyPackageStore } from '../../server/store/key-package-store.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const MOST = 40;
const AT = 1_447_200_000_000;

async function desk(database: Database) {
  const group = await addGroup(database, 'g');
  const store = new KeyPackageStore(database);
  const add = () => addDevice(database, { group });
  const hand = (device: DeviceId, packages: string[], lastResort: string | null = null, replace = false) =>
    store.add({ device, generation: 1 }, { packages, lastResort, replace }, MOST);
  const claim = async (...devices: DeviceId[]) => (await store.claim(devices, new Set(devices))).packages;
  const left = (device: DeviceId) => store.remaining({ device, generation: 1 });
  return { database, store, add, hand, claim, left };
}
const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);

describeOnEveryStore('key packages', (open) => {
  it('case 16: are given out once each, oldest first, also to simultaneous requests, and then the last resort', async () => {
    const { database, add, hand, claim, left } = await desk(await open());
    const other = new KeyPackageStore(database);
    const [one, two, none] = [await add(), await add(), await add()];
    expect(await hand(one, names(20), 'last')).toBe(20);
    expect(await hand(two, ['only'])).toBe(1);
    expect(await claim(one, two, none)).toEqual([
      { device: one, generation: 1, body: 'p0', lastResort: false },
      { device: two, generation: 1, body: 'only', lastResort: false },
    ]);
    const claimed = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        index % 2 ? claim(one, two) : other.claim([two, one], new Set([two, one])).then(({ packages }) => packages),
      ),
    );
    const bodies = claimed.flat().map(({ body }) => body);
    expect(bodies.filter((body) => body !== 'last').sort()).toEqual(names(20).slice(1).sort());
    expect(claimed.flat().filter(({ lastResort }) => lastResort)).toHaveLength(6);
    expect([await left(one), await left(two)]).toEqual([0, 0]);
  });

  it('stay in the store when the requester may get no single-use one', async () => {
    const { store, add, hand, left } = await desk(await open());
    const one = await add();
    await hand(one, ['p'], 'last');
    expect(await store.claim([one], new Set())).toEqual({
      packages: [{ device: one, generation: 1, body: 'last', lastResort: true }],
      remaining: new Map(),
    });
    expect((await store.claim([one], new Set([one]))).remaining).toEqual(new Map([[one, 0]]));
    expect(await left(one)).toBe(0);
  });

  it('are replaced together, limited in number, and refused for an ended enrollment', async () => {
    const { store, add, hand, claim, left } = await desk(await open());
    const one = await add();
    await hand(one, names(MOST), 'old');
    await expect(hand(one, ['more'])).rejects.toMatchObject({ code: 'too_large' });
    expect(await left(one)).toBe(MOST);
    expect(await hand(one, [], 'newer')).toBe(MOST);
    expect(await hand(one, ['fresh'], null, true)).toBe(1);
    expect((await claim(one)).map(({ body }) => body)).toEqual(['fresh']);
    expect(await claim(one)).toEqual([]);
    const ended = store.add({ device: one, generation: 2 }, { packages: ['x'], lastResort: null, replace: true }, MOST);
    await expect(ended).rejects.toMatchObject({ code: 'conflict' });
  });

  it('are deleted with their enrollment', async () => {
    const { database, add, hand, claim } = await desk(await open());
    const [again, ended] = [await add(), await add()];
    for (const device of [again, ended]) await hand(device, names(2), 'last');
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', again).execute();
    const end = { status: 'revoked', at: AT, realAt: AT, reason: 0 } as const;
    await new DeviceStore(database).end(ended, end, () => {
      throw new Error('it has no certificate');
    });
    expect(await claim(again, ended)).toEqual([]);
    const left = await database.db.selectFrom('key_packages').select('device_id').execute();
    expect(new Set(left.map(({ device_id }) => device_id))).toEqual(new Set([again]));
  });
});

describeOnEveryStore('attachments', (open) => {
  it('are stored unchanged, under a name that can be used once', async () => {
    const database = await open();
    const store = new AttachmentStore(database);
    const group = await addGroup(database, 'g');
    const [mine, theirs] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const bytes = randomBytes(100_000);
    const limit = { since: AT - 1, most: 250_000 };
    const put = (device: DeviceId, id: string, body = bytes, at = AT) =>
      store.put({ id, enrollment: { device, generation: 1 }, bytes: body, at }, limit);
    await put(mine, 'a');
    await put(mine, 'a');
    expect([await store.size('a', AT), await store.size('a', AT + 1), await store.size('b', AT)]).toEqual([
      100_000,
      null,
      null,
    ]);
    const pieces = await Promise.all([0, 40_000, 80_000].map((from) => store.piece('a', from, 40_000)));
    expect(Buffer.concat(pieces.map((piece) => piece ?? Buffer.alloc(0))).equals(bytes)).toBe(true);
    expect(await store.piece('b', 0, 10)).toBeNull();
    await expect(put(theirs, 'a')).rejects.toMatchObject({ code: 'conflict' });
    await expect(put(mine, 'a', randomBytes(9))).rejects.toMatchObject({ code: 'conflict' });
    await put(mine, 'b');
    await expect(put(mine, 'c')).rejects.toMatchObject({ code: 'too_large' });
    expect(await store.size('c', AT)).toBeNull();
    await put(theirs, 'c');
    // Attachments that have expired do not count.
    await database.db
      .updateTable('attachments')
      .set({ at: AT - 2 })
      .where('id', '=', 'b')
      .execute();
    await put(mine, 'd');
  });
});
