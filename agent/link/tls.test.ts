import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { afterEach, expect, it, vi } from 'vitest';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { dialDirect } from './dial.ts';
import { secureDial } from './tls.ts';

const YEAR = 365 * 86_400_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Starts a server whose certificates were made this many years from now. A device with a wrong clock sees the same difference. */
async function serverMade(years: number) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + years * YEAR });
  const { authority, remove } = testAuthority();
  const { keyPem, chainPem } = authority.serverIdentity();
  vi.useRealTimers();
  cleanups.push(remove);
  const server = createServer({ key: keyPem, cert: chainPem }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const rootPem = `-----BEGIN CERTIFICATE-----\n${authority.rootDer.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const dial = secureDial({ dial: dialDirect, rootPem, identity: null });
  return { dial: () => dial({ host: '127.0.0.1', port: address.port }) };
}

it.each([
  ['ahead', -25, 'CERT_HAS_EXPIRED'],
  ['behind', 25, 'CERT_NOT_YET_VALID'],
])('case 59: a machine whose clock is years %s accepts no server, and states the reason', async (_, years, code) => {
  const { dial } = await serverMade(years);
  const refused = { code, message: expect.stringMatching(/this machine’s clock shows: is it right\?$/) };
  await expect(dial()).rejects.toMatchObject(refused);
});

it('connects after the clock is corrected', async () => {
  const { dial } = await serverMade(0);
  const socket = await dial();
  cleanups.push(() => socket.destroy());
  expect(socket.authorized).toBe(true);
});

it('sends only its own certificate, without those of the CA', async () => {
  const { authority, remove } = testAuthority();
  cleanups.push(remove);
  const { keyPem, chainPem } = authority.serverIdentity();
  // Without CA certificates of its own, the server knows an issuer only if the client sends the issuer's certificate.
  const server = createServer({ key: keyPem, cert: chainPem, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const accepted = once(server, 'secureConnection');
  const dial = secureDial({ dial: dialDirect, rootPem: null, identity: { keyPem, chainPem } });
  const socket = await dial({ host: '127.0.0.1', port: address.port });
  cleanups.push(() => socket.destroy());
  const [peer] = (await accepted) as [TLSSocket];
  cleanups.push(() => peer.destroy());
  const certificate = peer.getPeerCertificate(true);
  expect(certificate.raw).toEqual(new X509Certificate(chainPem).raw);
  expect(certificate.issuerCertificate).toBeUndefined();
});
