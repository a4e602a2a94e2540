import { expect, it } from 'vitest';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { createLostConnections } from './lost-connections.ts';

const idOf = (index: number) =>
  deviceIdSchema.parse(`dev_${index.toString(8).replace(/[01]/g, 'a').padStart(16, 'a')}`);
const ids = [...new Set(Array.from({ length: 3_000 }, (_, index) => idOf(index)))].sort();

function world(onDisconnect: (device: DeviceId) => void = () => undefined) {
  const connected = new Set(ids);
  const lost = createLostConnections({
    store: {
      connected: async (after, limit) =>
        ids
          .filter((device) => connected.has(device) && device > (after ?? ''))
          .slice(0, limit)
          .map((device) => ({ device, generation: 1 })),
    },
    disconnect: async (device) => {
      onDisconnect(device);
      if (lost.isLost(device)) connected.delete(device);
    },
  });
  return { connected, lost };
}

it('ends all connections, except those that started during the work', async () => {
  const live = ids.at(-1) ?? idOf(0);
  const { connected, lost } = world();
  const work = lost.endAll({ stopped: false });
  lost.noteConnection(live);
  await work;
  expect([...connected]).toEqual([live]);
  // A later call is the start of another server, for which this connection is lost too.
  await lost.endAll({ stopped: false });
  expect(connected.size).toBe(0);
});

it('ends early when the work stops', async () => {
  const work = { stopped: false };
  const { connected, lost } = world(() => {
    work.stopped = true;
  });
  await lost.endAll(work);
  expect(connected.size).toBeGreaterThan(0);
});

it('keeps a connection that started before a failure', async () => {
  const live = ids[0] ?? idOf(0);
  let fails = true;
  const { connected, lost } = world(() => {
    if (fails) throw new Error('the disk is full');
  });
  const work = lost.endAll({ stopped: false });
  lost.noteConnection(live);
  await expect(work).rejects.toThrow('the disk is full');
  fails = false;
  await lost.endAll({ stopped: false });
  expect([...connected]).toEqual([live]);
});
