/** The agent's store and its reserve on a disk that is full to the last byte. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { type DiskReserve, openDiskReserve } from '../../agent/store/disk-reserve.ts';
import { RESERVE_SIZE } from '../../agent/store/disk-space.ts';
import { openWorkspace } from '../../agent/workspace/workspace.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { MAX_FRAME_FROM_SERVER } from '../../shared/protocol/frames.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { mountSmallDisk, type SmallDisk, smallDisks } from '../support/small-disk.ts';

const MiB = 1024 * 1024;
const DEVICE = deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa');

/** Makes an envelope of about the given size that cannot be compressed. */
const envelope = (bytes: number): Envelope => ({
  payloadType: 'application/octet-stream',
  payload: randomBytes((bytes * 3) / 4).toString('base64'),
  signatures: [{ keyid: 'k', sig: 'c2ln' }],
});

it.skipIf(!smallDisks.present)('an exit wipes the workspace on a full disk', async () => {
  const disk = mountSmallDisk(4);
  onTestFinished(disk.remove);
  const workspace = await openWorkspace(join(disk.folder, 'workspace'));
  await workspace.put('note', Buffer.alloc(10_000, 1));
  disk.fill();
  await expect(workspace.put('other', Buffer.alloc(10_000, 1))).rejects.toThrow(/ENOSPC/);
  expect(await workspace.wipe()).toMatchObject({ filesRemoved: 1 });
  expect((await openWorkspace(join(disk.folder, 'workspace'))).state()).toBe('wiped');
});

describe.skipIf(!smallDisks.present)('the disk reserve for orders', () => {
  let disk: SmallDisk;
  let reserve: DiskReserve;
  let store: AgentStore;
  const open = () => {
    store = openAgentStore({ file: join(disk.folder, 'agent.db'), reserve });
    return store.device(DEVICE);
  };
  const reserved = () => reserve.space().reserved;
  const message = (text: string) => store.device(DEVICE).addMessage(text, text, 1);

  beforeEach(async () => {
    disk = mountSmallDisk(64);
    reserve = openDiskReserve({ file: join(disk.folder, 'agent.reserve'), size: RESERVE_SIZE });
    open();
    await reserve.build();
  });
  afterEach(() => {
    store.close();
    disk.remove();
  });

  it('is allocated completely on the disk', () => {
    const { size, blocks } = statSync(join(disk.folder, 'agent.reserve'));
    expect(size).toBe(RESERVE_SIZE);
    expect(blocks * 512).toBeGreaterThanOrEqual(RESERVE_SIZE);
  });

  it('has space for the largest order list and all of its orders, also repeatedly', () => {
    disk.fill();
    const device = store.device(DEVICE);
    for (const version of [1, 2, 3]) {
      const list = envelope(MAX_FRAME_FROM_SERVER);
      const orders = Array.from({ length: 6 }, () => envelope(MiB));
      device.reserved(() => {
        for (const [number, each] of orders.entries()) device.saveOrder(`2026-${number}`, { version, envelope: each });
        device.saveList({ version, envelope: list });
      });
      // The comparison does not use `toEqual`, which would print large documents in full.
      expect(device.list()?.envelope.payload === list.payload).toBe(true);
      expect(device.orders().every(({ envelope: { payload } }, at) => payload === orders[at]?.payload)).toBe(true);
      expect(device.orders()).toHaveLength(orders.length);
    }
    // The documents stay in the store. The space of the write-ahead log was returned to the reserve.
    expect(reserved()).toBeGreaterThan(16 * MiB);
    expect(disk.free()).toBeLessThan(MiB);
  });

  it('gives no space to messages, before and after an order has used some of it', () => {
    disk.fill();
    const device = store.device(DEVICE);
    for (const version of [1, 2]) {
      expect(() => message('x'.repeat(100_000))).toThrow(/full/);
      device.reserved(() => device.saveList({ version, envelope: envelope(MiB) }));
    }
    expect(() => message('x'.repeat(100_000))).toThrow(/full/);
    expect(device.adminMessages(10)).toEqual([]);
  });

  it('makes it possible to open the store on a full disk after a regular stop, which leaves neither log nor index', () => {
    store.device(DEVICE).saveList({ version: 1, envelope: envelope(1000) });
    store.close();
    disk.fill();
    const device = open();
    expect(device.list()?.version).toBe(1);
    device.reserved(() => device.saveList({ version: 2, envelope: envelope(1000) }));
    expect(device.list()?.version).toBe(2);
  });

  it('does not shrink when the same value is stored repeatedly', () => {
    disk.fill();
    const device = store.device(DEVICE);
    const save = (version: number) => device.saveCorrectionVersion(version);
    save(0);
    const before = reserved();
    for (let version = 1; version <= 50; version += 1) save(version);
    expect(reserved()).toBe(before);
  });

  it('leaves no incomplete transaction when it is used up', () => {
    const device = store.device(DEVICE);
    device.saveList({ version: 1, envelope: envelope(1000) });
    reserve.remove();
    disk.fill();
    const twoDocuments = () =>
      device.reserved(() => {
        device.saveOrder('2026-1', { version: 1, envelope: envelope(MiB) });
        device.saveList({ version: 2, envelope: envelope(8 * MiB) });
      });
    expect(twoDocuments).toThrow(/full/);
    expect([device.list()?.version, device.orders()]).toEqual([1, []]);
    disk.makeRoom();
    twoDocuments();
    expect(device.list()?.version).toBe(2);
  });

  it('is filled again when the disk has space', async () => {
    disk.fill();
    const device = store.device(DEVICE);
    device.reserved(() => device.saveList({ version: 1, envelope: envelope(8 * MiB) }));
    expect(reserved()).toBeLessThan(RESERVE_SIZE);
    await reserve.build();
    expect(reserved()).toBeLessThan(RESERVE_SIZE);
    disk.makeRoom();
    await reserve.build();
    expect(reserved()).toBe(RESERVE_SIZE);
  });

  it('is not used for an error that more space cannot solve', () => {
    disk.fill();
    const device = store.device(DEVICE);
    let tries = 0;
    const work = () =>
      device.reserved(() => {
        tries += 1;
        throw new Error('no');
      });
    expect(work).toThrow('no');
    expect([tries, reserved()]).toEqual([1, RESERVE_SIZE]);
  });
});
