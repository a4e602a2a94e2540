/** Event stream over real HTTP: its topics, its rate and its end. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { listenTo } from '../../tests/support/event-reader.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { until } from '../../tests/support/until.ts';
import { LocalBus, type Wake } from '../bus/bus.ts';
import { createEventStreams } from './event-streams.ts';

const OWNER = { role: 'owner', group: null, area: null } as const;
const LEGAL = { role: 'legal', group: null, area: null } as const;
/** Interval that is short for the test, but long enough to combine simultaneous changes. */
const BETWEEN_EVENTS = 300;

let api: ApiServer;
let owner: Awaited<ReturnType<ApiServer['account']>>;
let other: Awaited<ReturnType<ApiServer['account']>>;

const open = async (pace: { check?: number; heartbeat?: number } = {}) => {
  api = await startApi({ pace: { betweenEvents: BETWEEN_EVENTS, gather: 20, check: 60_000, ...pace } });
  owner = await api.account('owner@example.org', []);
  other = await api.account('other@example.org', [OWNER, LEGAL]);
};
beforeEach(() => open());
afterEach(() => api.close());

const signedIn = async (who = other) => (await api.signIn(who)).headers;

it('sends only topics, and each topic once for many changes', async () => {
  const stream = await listenTo(api.url, await signedIn());
  expect([stream.status, stream.type]).toEqual([200, 'text/event-stream']);
  expect(stream.headers).toMatchObject({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
  await until(() => expect(stream.text()).toContain('retry:2000'));
  const device = newDeviceId();
  const start = Date.now();
  for (let epoch = 0; epoch < 10_000; epoch++) {
    api.bus.publish({ kind: 'opened', device, epoch });
    api.bus.publish({ kind: 'alerts' });
  }
  await until(() => expect(stream.events).toHaveLength(1));
  expect(stream.events[0]?.topics).toEqual(['devices', 'alerts']);
  for (let n = 0; n < 20; n++) {
    api.bus.publish({ kind: 'verdicts', devices: [device] });
    api.bus.publish({ kind: 'receipts' });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await until(() => expect(stream.events.at(-1)?.topics).toEqual(['devices', 'receipts']));
  const most = 2 + (Date.now() - start) / BETWEEN_EVENTS;
  expect(stream.events.length).toBeGreaterThan(2);
  expect(stream.events.length).toBeLessThanOrEqual(most);
  expect(stream.text()).not.toContain(device);
  // Events have no id, because a browser would store the id and send it back.
  expect(stream.text()).not.toMatch(/^id:./m);
  stream.close();
});

it('sends a topic for each kind of change', async () => {
  const headers = await signedIn();
  const stream = await listenTo(api.url, headers);
  const topicsOf = async (topics: string[], change: () => Promise<unknown>) => {
    const before = stream.events.length;
    await change();
    await until(() => {
      const since = stream.events.slice(before).flatMap((event) => event.topics);
      expect(since).toEqual(expect.arrayContaining(topics));
    });
  };
  const device = await addDevice(api.database, { group: await addGroup(api.database, 'Told') });
  await topicsOf(['devices'], () => api.request('POST', '/api/v1/groups', headers, { name: 'New' }));
  await topicsOf(['accounts'], () =>
    api.request('POST', '/api/v1/accounts', headers, { email: 'new@example.org', name: 'New' }),
  );
  await topicsOf(['alerts'], () => api.devices.raiseAlert({ device, code: 'test', detail: 'test' }));
  const command = { command: { kind: 'lock-workspace' } };
  let id = '';
  await topicsOf(['commands'], async () => {
    id = (await api.request('POST', `/api/v1/devices/${device}/commands`, headers, command)).json.id;
  });
  await topicsOf(['commands'], () => api.request('DELETE', `/api/v1/commands/${id}`, headers));
  await topicsOf(['ledger'], () => api.ledger.sequence());
  let session = { device, epoch: 0 };
  await topicsOf(['devices'], async () => {
    const { epoch } = await api.devices.connected({ device, generation: 1, address: null, agent: null });
    session = { device, epoch };
  });
  await topicsOf(['devices'], () => api.devices.disconnected(session));
  await topicsOf(['devices'], () => api.request('POST', `/api/v1/devices/${device}/revoke`, headers, {}));
  await topicsOf(['clock'], async () => api.events.changed('clock'));
  stream.close();
});

it('case 49: ends the stream of an admin who signed out, was disabled or lost a role', async () => {
  const boss = await signedIn(owner);
  const take = () => api.request('DELETE', `/api/v1/accounts/${other.id}/grants`, boss, { role: 'legal' });
  const disable = () => api.request('PATCH', `/api/v1/accounts/${other.id}`, boss, { status: 'disabled' });
  for (const end of ['sign out', take, disable]) {
    const headers = await signedIn();
    const stream = await listenTo(api.url, headers);
    const before = stream.events.length;
    const { status } = typeof end === 'string' ? await api.request('DELETE', '/api/v1/session', headers) : await end();
    expect(status).toBe(200);
    // All listeners get the event, and the server checks this listener now.
    api.bus.publish({ kind: 'orders' });
    await until(() => expect(stream.hasEnded()).toBe(true));
    expect(stream.events.length).toBe(before);
  }
});

it('case 49: ends the stream of a deleted token, also without any change', async () => {
  await api.close();
  await open({ check: 100 });
  const boss = await signedIn(owner);
  const streams = [
    await listenTo(api.url, await signedIn()),
    await listenTo(api.url, { authorization: `Bearer ${await api.token(other)}` }),
  ];
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  expect((await api.request('DELETE', `/api/v1/accounts/${other.id}/grants`, boss, { role: 'legal' })).status).toBe(
    200,
  );
  await until(() => expect(streams.map((stream) => stream.hasEnded())).toEqual([true, true]));
  // With the remaining rights, the admin may listen again. A new role of the admin ends no stream.
  const again = await listenTo(api.url, await signedIn());
  expect(again.status).toBe(200);
  await api.request('POST', `/api/v1/accounts/${other.id}/grants`, boss, { role: 'legal' });
  await until(() => expect(again.events.some(({ topics }) => topics.includes('accounts'))).toBe(true));
  expect(again.hasEnded()).toBe(false);
  again.close();
});

it('sends a heartbeat if nothing changes', async () => {
  await api.close();
  await open({ check: 20, heartbeat: 50 });
  const stream = await listenTo(api.url, await signedIn());
  await until(() => expect(stream.comments()).toBeGreaterThan(2));
  expect(stream.events).toEqual([]);
  stream.close();
});

it('refuses unauthenticated clients, other sites, and an eleventh stream of one session', async () => {
  expect((await listenTo(api.url, {})).status).toBe(401);
  const headers = await signedIn();
  for (const site of ['cross-site', 'same-site']) {
    expect((await listenTo(api.url, { ...headers, 'sec-fetch-site': site })).status).toBe(403);
  }
  const streams = await Promise.all(Array.from({ length: 12 }, () => listenTo(api.url, headers)));
  const statuses = streams.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429]);
  const refused = await api.request('GET', '/api/v1/events', headers);
  expect(refused.json).toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('Close a tab') });
  const elsewhere = await listenTo(api.url, await signedIn());
  expect(elsewhere.status).toBe(200);
  for (const stream of [elsewhere, ...streams]) stream.close();
  await until(async () => expect((await api.request('GET', '/api/v1/events', headers)).status).toBe(200));
  expect((await api.request('HEAD', '/api/v1/events', headers)).status).toBe(200);
});

it('ends with the server, which then accepts no new stream', async () => {
  const headers = await signedIn();
  const stream = await listenTo(api.url, headers);
  api.events.stop();
  await until(() => expect(stream.hasEnded()).toBe(true));
  expect((await api.request('GET', '/api/v1/events', headers)).json.code).toBe('unavailable');
});

it('repeats a failed check of the listener, sends no topic meanwhile, and loses none', async () => {
  const bus = new LocalBus();
  const logged: string[] = [];
  const log = { error: (_facts: object, message: string) => void logged.push(message) };
  const streams = createEventStreams({ bus, log, pace: { betweenEvents: 10, gather: 1, check: 20 } });
  let answers = false;
  const mayStay = async () => {
    if (!answers) throw new Error('the store is gone');
    return true;
  };
  const server = createServer((request, response) => void streams.hold({ of: 'one', mayStay }, request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const stream = await listenTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
  bus.publish({ kind: 'orders' });
  await until(() => expect(logged.length).toBeGreaterThan(2));
  expect(stream.events).toEqual([]);
  answers = true;
  await until(() => expect(stream.events.map(({ topics }) => topics)).toEqual([['orders']]));
  streams.stop();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

it('case 13: sends nothing more to a client that does not read, and disconnects it', async () => {
  const bus = new LocalBus();
  const streams = createEventStreams({
    bus,
    log: { error: () => undefined },
    pace: { betweenEvents: 5, gather: 1, check: 20, stall: 300 },
  });
  const buffered: number[] = [];
  const wakes: Wake['kind'][] = ['alerts', 'orders', 'ledger', 'receipts', 'accounts', 'devices'];
  let dropped = false;
  const server = createServer((request, response) => {
    response.once('close', () => {
      dropped = true;
    });
    void streams.hold({ of: 'one', mayStay: async () => true }, request, response).then(async () => {
      // Events that are larger than the kernel's own buffers.
      response.write(`:${'x'.repeat(32 * 1024 * 1024)}\n\n`);
      buffered.push(response.writableLength);
      bus.subscribe(() => void buffered.push(response.writableLength));
      // Send each event separately, long before the deadline for a client that does not read.
      for (const kind of wakes) {
        bus.publish({ kind } as Wake);
        await delay(6);
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.pause();
  socket.write('GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await until(() => {
    for (const kind of wakes) bus.publish({ kind } as Wake);
    expect(dropped).toBe(true);
  });
  expect(buffered.length).toBeGreaterThan(5);
  expect(Math.max(...buffered)).toBeLessThanOrEqual(buffered[0] ?? 0);
  socket.destroy();
  streams.stop();
  await new Promise((closed) => server.close(closed));
});
