/**
 * Clients of the admin listener that never finish: 1,100 connections from one address that many share, such as the address of a reverse
 * proxy. An admin signs in while they are open, and the console's event stream stays.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { generate } from 'otplib';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { sessionCookieName, sessionView } from '../../shared/api/session.ts';
import { firstOwner, invite, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const CLIENTS = 1_100;
/** Connections of the test that must still be open after the sign-in. The server closes only as many as it needs for new ones. */
const STILL_OPEN = 1_000;

const head = (method: string, path: string, ...fields: readonly string[]) =>
  [`${method} /api/v1${path} HTTP/1.1`, 'Host: 127.0.0.1', ...fields, '', ''].join('\r\n');
const JSON_BODY = ['Content-Type: application/json', 'Content-Length: 60000'];

let server: ServerProcess;
let owner: Person;
beforeAll(async () => {
  server = await startServerProcess({ CORDON_ADMIN_PROXY_FROM: '127.0.0.9' });
  owner = await firstOwner(server.admin, server.firstOwner);
}, 120_000);
afterAll(() => server?.remove());

async function open(text: string, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port: Number(new URL(server.admin).port), host: '127.0.0.1', localAddress: from });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}
const openMany = async (text: string, from?: string) =>
  Promise.all(Array.from({ length: CLIENTS }, () => open(text, from)));
/**
 * Signs in on a connection of its own, because `fetch` would use an earlier one again. The TOTP code is that of the next period, because
 * the account has used the present one. Returns the status.
 */
async function signsIn({ signIn: { email, password, totpSecret } }: Person): Promise<number> {
  const totp = await generate({ secret: totpSecret, epoch: Math.floor(Date.now() / 1000) + 30 });
  const sent = request(`${server.admin}/api/v1/session`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json' },
  });
  sent.end(JSON.stringify({ email, password, totp }));
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}
const openOf = (sockets: readonly Socket[]) => sockets.filter(({ destroyed }) => !destroyed).length;

/** Event stream of the owner's console. */
async function listen(): Promise<{ socket: Socket; text: () => string }> {
  const { cookie } = owner.session;
  const socket = await open(head('GET', '/events', `Cookie: ${sessionCookieName(false)}=${cookie}`));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => expect(text).toContain('text/event-stream'));
  return { socket, text: () => text };
}

it.each([
  ['send half the body of a sign-in', `${head('POST', '/session', ...JSON_BODY)}{"email":"`, true],
  ['send half a body without credentials', `${head('POST', '/groups', ...JSON_BODY)}{"name":"`, false],
  [
    'send half a body and a wrong token',
    `${head('POST', '/groups', 'Authorization: Bearer x', ...JSON_BODY)}{"`,
    false,
  ],
  ['send half a header', head('POST', '/session').slice(0, -2), true],
  ['send nothing', '', true],
  ['send nothing after a response', head('GET', '/provider'), false],
])(
  'case 13: an admin signs in beside 1,100 clients that %s',
  async (what, text, remains) => {
    const admin = await invite(server.admin, owner, `Admin ${what}`);
    const stream = await listen();
    const slow = await openMany(text);
    expect(await signsIn(admin)).toBe(200);
    // After a response, the server soon ends the connection by itself.
    if (remains) expect(openOf(slow)).toBeGreaterThan(STILL_OPEN);
    expect((await owner.browser.call('GET', '/session', sessionView)).account?.name).toBe('Owner');
    expect(stream.socket.destroyed).toBe(false);
  },
  60_000,
);

it('case 13: 1,100 unfinished bodies of one client behind a proxy do not disconnect another client', async () => {
  const neighbor = await open(
    `${head('POST', '/session', 'X-Forwarded-For: 198.51.100.7', ...JSON_BODY)}{"email":"`,
    '127.0.0.9',
  );
  const flood = await openMany(
    `${head('POST', '/session', 'X-Forwarded-For: 203.0.113.5', ...JSON_BODY)}{"email":"`,
    '127.0.0.9',
  );
  await until(() => expect(openOf(flood)).toBe(128));
  expect(neighbor.destroyed).toBe(false);
}, 60_000);

it('closes a connection whose body does not follow the response 401', async () => {
  const socket = await open(`${head('POST', '/groups', ...JSON_BODY)}{"name":"`);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await until(() => expect(text).toContain('401'));
  await until(() => expect(socket.destroyed).toBe(true));
}, 30_000);
