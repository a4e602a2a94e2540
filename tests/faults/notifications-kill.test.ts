/**
 * `kill -9` of the server around the delivery of a notification. Nothing is lost, and a repeated request has the same id, so that the
 * receiver can ignore it.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createdChannel, deliveryList, queuedDelivery } from '../../shared/api/notifications.ts';
import { arm } from '../support/mortal-process.ts';
import type { DeathAt } from '../support/mortal-writes.ts';
import { firstOwner, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

let server: ServerProcess;
let owner: Person;
let folder: string;
let receiver: Server;
let channel: string;
const received: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-notifications-kill-'));
  receiver = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']));
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  server = await startServerProcess({
    NODE_OPTIONS: `--import ${import.meta.resolve('../support/mortal-process.ts')}`,
    MORTAL_FOLDER: folder,
    CORDON_PRIVATE_RECEIVERS: '127.0.0.1',
  });
  owner = await firstOwner(server.admin, server.firstOwner);
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const created = { name: 'Hook', type: 'webhook', url };
  channel = (await owner.browser.call('POST', '/notifications/channels', createdChannel, created)).channel.id;
}, 60_000);
afterAll(async () => {
  await server?.remove();
  receiver?.closeAllConnections();
  receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

const history = async () =>
  (await owner.api.call('GET', '/notifications/deliveries', deliveryList)).deliveries.map(({ id, state }) => ({
    id,
    state,
  }));

it.each<[string, DeathAt, number]>([
  [
    'after the queue has the delivery',
    { write: 'commit of insert notification_deliveries', nth: 1, side: 'behind' },
    1,
  ],
  ['after the request, before its result', { write: 'update notification_deliveries', nth: 1, side: 'in front of' }, 2],
])('killed %s', { timeout: 60_000 }, async (_, death, requests) => {
  received.length = 0;
  await arm(folder, server.process.pid ?? 0, death);
  const died = once(server.process, 'exit');
  await owner.api.call('POST', `/notifications/channels/${channel}/test`, queuedDelivery, {}).catch(() => undefined);
  await died;
  await server.start();
  const [newest] = await until(async () => {
    const listed = await history();
    if (listed[0]?.state !== 'delivered') throw new Error(`the newest delivery is ${listed[0]?.state}`);
    return listed;
  }, 30_000);
  expect(received).toEqual(Array.from({ length: requests }, () => newest?.id));
});
