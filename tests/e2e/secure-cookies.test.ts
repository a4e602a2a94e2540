/**
 * Sessions over HTTPS, in a real browser: with a certificate of the admin listener, and behind nginx, which terminates TLS. The cookies
 * have the prefix `__Host-` (RFC 6265bis, section 4.1.3.2), so that no other host and no page over HTTP can set one.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { CSRF_HEADER } from '../../shared/api/session.ts';
import { NGINX, openBehindProxy, selfSigned } from '../support/behind-proxy.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { codeAt, comeByLink, signIn } from '../support/console-people.ts';
import { type Seat, takeSeat } from '../support/seat.ts';
import { startServerProcess } from '../support/server-process.ts';
import { tool } from '../support/tools.ts';

const openssl = tool('openssl', 'apt-get install openssl');

interface Site {
  /** Origin of the console in the browser. */
  readonly url: string;
  readonly firstOwner: string;
  readonly certificate: string;
  remove(): Promise<void>;
}

async function ownCertificate(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-https-'));
  const { key, chain } = selfSigned(folder, 'DNS:localhost');
  chmodSync(key, 0o600);
  const server = await startServerProcess({ CORDON_ADMIN_CERTIFICATE: chain, CORDON_ADMIN_KEY: key });
  return {
    url: `https://localhost:${new URL(server.admin).port}`,
    firstOwner: server.firstOwner,
    certificate: readFileSync(chain, 'utf8'),
    remove: async () => {
      await server.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function behindNginx(): Promise<Site> {
  const { server, https, certificate, remove } = await openBehindProxy(NGINX);
  return { url: `https://[::1]:${https}`, firstOwner: server.firstOwner, certificate, remove };
}

describe.each([
  { name: 'with a certificate of its own', open: ownCertificate, present: openssl.present && chromium.present },
  { name: 'behind nginx', open: behindNginx, present: NGINX.present && openssl.present && chromium.present },
])('case 48: the console $name', ({ open, present }) => {
  describe.skipIf(!present)('over HTTPS', { timeout: 120_000 }, () => {
    let site: Site;
    let browser: Browser;
    let seat: Seat;

    beforeAll(async () => {
      await ensureConsole((line) => console.log(line));
      site = await open();
      browser = await openBrowser();
      seat = await takeSeat(browser, site.url, { ignoreHTTPSErrors: true });
    }, 240_000);
    afterAll(async () => {
      await closeBrowser(browser);
      await site?.remove();
    });

    const csrf = () => seat.page.evaluate<string>("localStorage.getItem('cordon-session')");
    const cookies = () => seat.context.cookies(site.url);
    /** Requests the session with these cookies and the page's part of the session. */
    const ask = async (cookie: string) => {
      const headers = { cookie, [CSRF_HEADER]: await csrf() };
      return new Promise<number | undefined>((resolve, reject) => {
        const sent = request(`${site.url}/api/v1/session`, { ca: site.certificate, headers }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        });
        sent.on('error', reject).end();
      });
    };

    it('signs in, with cookies that only this origin can set and only HTTPS transmits', async () => {
      const { page } = seat;
      seat.expecting(/status of 401 /);
      const who = { email: 'owner@example.org', password: 'correct horse battery staple' };
      expect(new URL(site.firstOwner).origin).toBe(site.url);
      const owner = await comeByLink(seat, site.firstOwner, who, { name: 'Owner' });
      await signIn(seat, owner, await codeAt(owner));
      await page.getByRole('link', { name: 'Devices' }).first().waitFor();
      const found = await cookies();
      expect(found.map(({ name }) => name).sort()).toEqual(['__Host-cordon_browser', '__Host-cordon_session']);
      for (const cookie of found) {
        // The cookie's domain does not begin with a dot, so no subdomain gets the cookie.
        const { hostname } = new URL(site.url);
        expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict', path: '/', domain: hostname });
      }
      await page.reload();
      await page.getByRole('link', { name: 'Devices' }).first().waitFor();
      expect(seat.complaints).toEqual([]);
    });

    it('accepts no cookie without the prefix, not even with the right value', async () => {
      const session = (await cookies()).find(({ name }) => name === '__Host-cordon_session');
      const value = session?.value ?? '';
      expect(value).not.toBe('');
      expect(await ask(`__Host-cordon_session=${value}`)).toBe(200);
      expect(await ask(`cordon_session=${value}`)).toBe(401);
      expect(await ask(`__Secure-cordon_session=${value}; cordon_session=${value}`)).toBe(401);

      await seat.context.clearCookies();
      const { hostname: domain } = new URL(site.url);
      await seat.context.addCookies([
        { name: 'cordon_session', value, domain, path: '/', secure: true, httpOnly: true },
      ]);
      await seat.page.reload();
      await seat.page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    });
  });
});
