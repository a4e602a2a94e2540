/** `cordon notifications` over the real API, with a real receiver. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer } from '../../shared/node-http.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { until } from '../../tests/support/until.ts';

let api: ApiServer;
let receiver: Server;
let folder: string;
let token: string;
let requests = 0;

beforeAll(async () => {
  api = await startApi({ privateReceivers: ['127.0.0.1'] });
  folder = mkdtempSync(join(tmpdir(), 'cordon-notifications-'));
  token = await api.token(await api.account('owner@example.org', []));
  receiver = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  receiver.close();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const cordon = (...args: string[]) =>
  runInProcess(['notifications', ...args], {
    XDG_CONFIG_HOME: join(folder, 'nobody'),
    CORDON_SERVER: api.url,
    CORDON_TOKEN: token,
  });
const idIn = (text: string): string => /nt[rcd]_[a-z2-7]{16}/.exec(text)?.[0] ?? '';

it('adds no channel to an internal address, and says which setting allows it', async () => {
  const fields = { name: 'Inside', type: 'webhook', url: 'http://10.0.5.7/' };
  const path = '/api/v1/notifications/channels';
  const headers = { authorization: `Bearer ${token}` };
  const { status, json } = await api.request('POST', path, headers, fields);
  expect([status, json.code, json.context]).toEqual([400, 'invalid_input', { field: 'url' }]);
  expect(json.detail).toMatch(/10\.0\.5\.7 is an internal address.*CORDON_PRIVATE_RECEIVERS/);
  expect((await cordon('channels', 'add', 'webhook', 'Inside', fields.url)).err).toContain('CORDON_PRIVATE_RECEIVERS');
  expect((await api.request('GET', path, headers)).json.channels).toEqual([]);
});

it('manages channels and rules, and shows deliveries', async () => {
  const { port } = receiver.address() as AddressInfo;
  const added = await cordon('channels', 'add', 'webhook', 'Pager', `http://127.0.0.1:${port}/`);
  expect([added.err, added.out]).toEqual(['', expect.stringContaining('Secret: whsec_')]);
  const channel = idIn(added.out);
  expect((await cordon('channels')).out).toContain(`http://127.0.0.1:${port}/`);
  expect((await cordon('channels', 'rotate-secret', channel)).out).toContain('whsec_');
  const rule = await cordon('rules', 'add', 'Silent', 'device-offline', '--days', '7', '--channel', channel);
  expect([rule.err, rule.out]).toEqual(['', expect.stringContaining(': Silent')]);
  expect((await cordon('rules')).out).toMatch(/device-offline for 7 days .* yes/);
  expect((await cordon('rules', 'disable', idIn(rule.out))).out).toContain('disabled');
  expect((await cordon('rules', 'add', 'Wrong', 'device-offline', '--channel', channel)).err).toContain('needs --days');
  expect((await cordon('channels', 'remove', channel)).err).toContain('Silent');

  const delivery = idIn((await cordon('channels', 'test', channel)).out);
  await until(async () => expect((await cordon('deliveries')).out).toMatch(new RegExp(`${delivery} .* delivered`)));
  expect((await cordon('deliveries', 'replay', delivery)).out).toContain('Queued');
  await until(async () => expect(requests).toBe(2));

  expect((await cordon('rules', 'remove', idIn(rule.out))).code).toBe(0);
  expect((await cordon('channels', 'remove', channel)).code).toBe(0);
  const log = await runInProcess(['activity', 'list', '--action', 'notification-channels'], {
    XDG_CONFIG_HOME: join(folder, 'nobody'),
    CORDON_SERVER: api.url,
    CORDON_TOKEN: token,
  });
  expect(log.out).toContain('notification-channels.delete');
  expect(log.out).not.toContain('whsec_');
});
