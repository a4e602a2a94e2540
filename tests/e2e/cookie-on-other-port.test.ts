/**
 * An attack from a second port: two real servers on two ports of `localhost`, and a real browser that is signed in at the first. The
 * browser sends the first server's cookie to the second port as well. The program there must get nothing of use.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sessionCookieName } from '../../shared/api/session.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../support/console-world.ts';
import { firstOwner, type Person } from '../support/people.ts';

let world: ConsoleWorld;
let owner: Person;
let browser: Browser;
/** A request that the browser sends to another program on the same host. */
const seen: IncomingMessage['headers'][] = [];
const thief = createServer((request, response) => {
  seen.push(request.headers);
  response.setHeader('content-type', 'text/html').end('<p>a game</p>');
});

beforeAll(async () => {
  world = await openConsoleWorld({ residents: [], demo: false });
  owner = await firstOwner(world.url, world.firstOwnerLink);
  browser = await openBrowser();
  await new Promise<void>((listening) => thief.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  await closeBrowser(browser);
  thief.close();
  await world.remove();
});

const test = it.skipIf(!chromium.present);
test('case 48: a program on another port of localhost gets the cookie, and cannot use it', async () => {
  const { port } = new URL(world.url);
  const home = `http://localhost:${port}`;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(home);
  await page.evaluate(`fetch('/api/v1/session')`);
  const cookie = { name: sessionCookieName(false), value: owner.session.cookie, domain: 'localhost', path: '/' };
  await context.addCookies([{ ...cookie, httpOnly: true, sameSite: 'Strict' }]);
  await page.evaluate(`localStorage.setItem('cordon-session', ${JSON.stringify(owner.session.csrf)})`);
  await page.reload();
  await page.getByRole('link', { name: 'Devices' }).first().waitFor();

  const elsewhere = `http://localhost:${(thief.address() as AddressInfo).port}`;
  await page.goto(elsewhere);
  const stolen = seen.map((headers) => headers.cookie).find(Boolean) ?? '';
  expect(stolen).toContain(owner.session.cookie);
  expect(JSON.stringify(seen)).not.toContain(owner.session.csrf);
  expect(await page.evaluate(`JSON.stringify(localStorage)`)).toBe('{}');

  const ask = async (method: string, path: string, body?: object) => {
    const headers = { cookie: stolen, 'content-type': 'application/json' };
    const response = await fetch(`${home}/api/v1${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text };
  };
  const attempts = [
    await ask('GET', '/session'),
    await ask('GET', '/accounts'),
    await ask('GET', '/devices'),
    await ask('POST', '/tokens', { name: 'mine' }),
    await ask('POST', '/accounts', { email: 'thief@example.org', name: 'Thief', grants: [{ role: 'owner' }] }),
    await ask('DELETE', '/session'),
  ];
  expect(attempts.map(({ status }) => status)).toEqual(attempts.map(() => 401));
  expect(attempts.map(({ text }) => text).join()).not.toMatch(/csrf"|owner@example\.org/);
  // A request from the program's own page, to which the browser adds the cookie too.
  const own = `fetch('${home}/api/v1/session', { credentials: 'include' }).then((answer) => answer.text(), () => 'unreadable')`;
  expect(await page.evaluate(own)).toBe('unreadable');

  const { accounts } = (await owner.browser.raw('GET', '/accounts')).json as { accounts: { email: string }[] };
  expect(accounts.map(({ email }) => email)).toEqual(['owner@example.org']);
});
