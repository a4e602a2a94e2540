/**
 * The example configurations of `server/deploy/` with the real nginx and the real HAProxy in front of a real server. The proxies listen on
 * `::1` and the server on `127.0.0.1`. The server therefore learns the address `::1` only from a proxy.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { generate } from 'otplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceDetail } from '../../shared/api/devices.ts';
import { sessionList } from '../../shared/api/session.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { type BehindProxy, HAPROXY, NGINX, openBehindProxy } from '../support/behind-proxy.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { invite, type Person } from '../support/people.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const FORGED = {
  'x-forwarded-for': '203.0.113.5',
  'x-forwarded-proto': 'https',
  forwarded: 'for=203.0.113.6;proto=https',
};

describe.each([NGINX, HAPROXY])('behind $name', (proxy) => {
  describe.skipIf(!proxy.present)('with the example configuration', { timeout: 120_000 }, () => {
    let behind: BehindProxy;
    let certificate: string;
    let server: ServerProcess;
    let operator: Operator;
    let https: number;
    const agents: AgentProcess[] = [];

    beforeAll(async () => {
      behind = await openBehindProxy(proxy);
      ({ server, https, certificate } = behind);
      operator = await setUp(server.admin, server.firstOwner);
    }, 120_000);
    afterAll(async () => {
      for (const agent of agents) await agent.remove();
      await behind?.remove();
    });

    async function bodyOf({ signIn }: Person) {
      // TOTP code of the next period, because the account's setup used the present one.
      const epoch = Math.floor(Date.now() / 1000) + 30;
      const totp = await generate({ secret: signIn.totpSecret, epoch });
      return JSON.stringify({ email: signIn.email, password: signIn.password, totp });
    }
    const addresses = async ({ api }: Person) =>
      (await api.call('GET', '/sessions', sessionList)).sessions.map(({ address }) => address);

    it('links name the proxy, and a sign-in has the client’s address and a Secure cookie, whatever headers the client forges', async () => {
      expect(server.firstOwner).toMatch(new RegExp(`^https://\\[::1\\]:${https}/#`));
      const chidi = await invite(server.admin, operator.owner, 'Chidi');
      const signed = await post(`https://[::1]:${https}/api/v1/session`, await bodyOf(chidi), FORGED, {
        ca: certificate,
      });
      expect(signed.status).toBe(200);
      expect(signed.headers['set-cookie']?.[0]).toMatch(/^__Host-cordon_session=\S+; Path=\/; .*; Secure$/);
      expect(await addresses(chidi)).toContain('::1');
    });

    it('case 12: the server ignores a forged header from an address that is no proxy', async () => {
      const dana = await invite(server.admin, operator.owner, 'Dana');
      const url = `${server.admin}/api/v1/session`;
      const signed = await post(url, await bodyOf(dana), FORGED, { localAddress: '127.0.0.3' });
      expect(signed.status).toBe(200);
      expect(signed.headers['set-cookie']?.[0]).toMatch(/^cordon_session=(?!.*Secure)/);
      const seen = await addresses(dana);
      expect(seen).toContain('127.0.0.3');
      expect(seen.some((address) => address.startsWith('203.'))).toBe(false);
    });

    it('a device enrolls and connects, and the server sees the device’s address', async () => {
      const { link } = await operator.code({ user: 'Zoe', group: await operator.group('embassies') });
      expect(decodeURIComponent(link)).toContain('[::1]');
      const agent = new AgentProcess();
      agents.push(agent);
      await agent.enroll(link);
      agent.run();
      const id = /dev_[a-z2-7]{16}/.exec(decodeURIComponent(link))?.[0] ?? '';
      await until(async () => {
        const { presence } = await operator.as(operator.owner, 'GET', `/devices/${id}`, deviceDetail);
        if (!presence?.connected) throw new Error('the device is not connected');
        expect(presence.address).toBe('::1');
      }, 30_000);
    });

    it('a connection that bypasses the proxy is refused', async () => {
      for (const url of [server.device, server.public]) {
        const ended = await new Promise<string>((resolve) => {
          const socket = connect(Number(new URL(url).port), '127.0.0.1');
          // The client sends first, as in TLS.
          socket.write(Buffer.from('1603010001', 'hex'));
          socket.on('error', () => undefined);
          socket.resume().on('close', () => resolve('closed'));
        });
        expect(ended).toBe('closed');
      }
    });
  });
});

function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  options: { readonly ca?: string; readonly localAddress?: string },
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  const ask = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = ask(
      url,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, ...options },
      (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
