/**
 * A real browser at the admin listener: several people side by side, pages of other websites, and a page that tries to violate its own
 * content security policy.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { until } from '../support/until.ts';

/** Origin of another website, and a foreign host name that resolves to this machine. */
const STRANGER = 'evil.example';
const PAGE = `<!doctype html><title>Console</title><script src="/page-policy.js"></script>
<script src="/assets/page.js"></script><style nonce="CSP_NONCE">body { color: rgb(1, 2, 3) }</style>`;

describe.skipIf(!chromium.present)('in Chromium', () => {
  let browser: Browser;
  let api: ApiServer;
  let stranger: Server;
  let strangerPort: number;
  let dist: string;
  let port: number;

  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), 'cordon-page-'));
    mkdirSync(join(dist, 'assets'));
    writeFileSync(join(dist, 'index.html'), PAGE);
    copyFileSync('shared/look/public/page-policy.js', join(dist, 'page-policy.js'));
    writeFileSync(join(dist, 'assets/page.js'), "document.documentElement.dataset.ran = 'yes';");
    api = await startApi({ consoleFolder: dist, pace: { betweenEvents: 50, gather: 5 } });
    port = Number(new URL(api.url).port);
    stranger = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<title>Stranger</title>'),
    );
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    strangerPort = (stranger.address() as AddressInfo).port;
    browser = await openBrowser({ names: [STRANGER] });
  });
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
    await new Promise((closed) => stranger.close(closed));
    rmSync(dist, { recursive: true, force: true });
  });

  async function signInOn(page: Page, base: string, who: { email: string; secret: string }): Promise<void> {
    await page.goto(base);
    const body = JSON.stringify({ email: who.email, password: PASSWORD, totp: api.code(who.secret) });
    const init = `{ method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(body)} }`;
    // The page stores its part of the session where other origins cannot read it.
    const status = await page.evaluate(`fetch('/api/v1/session', ${init}).then(async (answer) => {
      localStorage.setItem('half', (await answer.json()).csrf);
      return answer.status;
    })`);
    expect([base, status]).toEqual([base, 200]);
  }
  const whoIs = (page: Page) =>
    page.evaluate(`fetch('/api/v1/session', { headers: { 'x-cordon-csrf': localStorage.getItem('half') } })
      .then((answer) => answer.json()).then(({ account }) => account.email)`);

  it('separates people who sign in side by side under several host names of one machine', async () => {
    const context = await browser.newContext();
    const people = [
      { base: `http://127.0.0.1:${port}`, who: await api.account('owner@example.org', []) },
      { base: `http://ada.localhost:${port}`, who: await api.account('ada@example.org', []) },
      { base: `http://ben.localhost:${port}`, who: await api.account('ben@example.org', []) },
    ];
    const pages: Page[] = [];
    for (const { base, who } of people) {
      const page = await context.newPage();
      await signInOn(page, base, who);
      await page.evaluate(`new EventSource('/api/v1/events').onopen = ({ target }) => {
        target.addEventListener('changed', () => { document.title = 'changed'; });
      }`);
      pages.push(page);
    }
    for (const [at, page] of pages.entries()) {
      expect(await page.evaluate('isSecureContext')).toBe(true);
      expect(await whoIs(page)).toBe(people[at]?.who.email);
    }
    await until(async () => {
      api.bus.publish({ kind: 'orders' });
      expect(await Promise.all(pages.map((page) => page.title()))).toEqual(['changed', 'changed', 'changed']);
    });
    await context.close();
  });

  it('case 48: another website gets nothing, neither from its own page nor by a host name that resolves to this machine', async () => {
    const context = await browser.newContext();
    const mine = await context.newPage();
    const who = await api.account('victim@example.org', [{ role: 'owner', group: null, area: null }]);
    await signInOn(mine, `http://127.0.0.1:${port}`, who);
    const theirs = await context.newPage();
    const refused = () => api.logged.filter((line) => line.includes('forbidden') && line.includes('POST')).length;
    // A site has no port, so this page is of the same site: the browser sends the cookie, which alone is not enough.
    for (const base of [`http://127.0.0.1:${strangerPort}`, `http://${STRANGER}:${strangerPort}`]) {
      const before = refused();
      await theirs.goto(base);
      const init = `{ method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"name":"theirs"}' }`;
      await theirs.evaluate(`fetch('http://127.0.0.1:${port}/api/v1/groups', ${init}).catch(() => undefined)`);
      expect([base, refused()]).toEqual([base, before + 1]);
    }
    // A DNS rebinding attack: the page came from the attacker's server, and then its name resolves to this machine. For the browser, it is
    // the same origin.
    const rebound = `http://${STRANGER}:${port}`;
    await theirs.route(`${rebound}/`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>Hi</title>' }),
    );
    await theirs.goto(`${rebound}/`);
    for (const path of ['/api/v1/session', '/healthz', '/devices']) {
      const status = await theirs.evaluate(`fetch('${path}').then(({ status }) => status)`);
      expect([path, status]).toEqual([path, 403]);
    }
    expect(await api.devices.groups()).toEqual([]);
    await context.close();
  });

  it('case 51: a page runs its own files, and no script that was injected into it', async () => {
    const page = await (await browser.newContext()).newPage();
    const refused: string[] = [];
    page.on('console', (message) => refused.push(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    expect(await page.evaluate('document.documentElement.dataset.ran')).toBe('yes');
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(1, 2, 3)');
    expect(refused).toEqual([]);
    const attempt = async (act: string) => {
      const outcome = "then(() => 'done', () => 'refused')";
      return [await page.evaluate(`Promise.resolve().then(() => ${act}).${outcome}`), await page.title()];
    };
    const elsewhere = `fetch('http://127.0.0.1:${strangerPort}/', { mode: 'no-cors' })`;
    expect(await attempt("void (document.body.innerHTML = 'words & 1 < 2')")).toEqual(['done', 'Console']);
    expect(await attempt(`void (document.body.innerHTML = '<img src=x onerror="document.title=1">')`)).toEqual([
      'refused',
      'Console',
    ]);
    expect(await attempt(elsewhere)).toEqual(['refused', 'Console']);
    // A script can be inserted, but the browser does not run it.
    const script = "Object.assign(document.createElement('script'), { append: null })";
    expect(await attempt(`document.body.appendChild(${script}).replaceChildren('document.title = 2')`)).toEqual([
      'done',
      'Console',
    ]);
    expect(refused.filter((line) => /Content Security Policy|Trusted/.test(line)).length).toBeGreaterThanOrEqual(2);
    await page.goto(`http://127.0.0.1:${strangerPort}/`);
    expect(await attempt(elsewhere)).toEqual(['done', 'Stranger']);
  });
});
