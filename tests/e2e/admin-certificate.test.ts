/** Renewal of the admin listener's certificate while a real server runs. */

import { X509Certificate } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSigned } from '../support/behind-proxy.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

let folder: string;
let server: ServerProcess;
const used = { chain: '', key: '' };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-admin-'));
  const first = pair('first');
  Object.assign(used, { chain: join(folder, 'admin.crt'), key: join(folder, 'admin.key') });
  install(first);
  server = await startServerProcess({
    CORDON_ADMIN_CERTIFICATE: used.chain,
    CORDON_ADMIN_KEY: used.key,
    CORDON_LOG: 'info',
  });
}, 60_000);
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

function pair(name: string): { readonly chain: string; readonly key: string } {
  return selfSigned(mkdtempSync(join(folder, name)), 'DNS:localhost');
}

function install({ chain, key }: { readonly chain: string; readonly key: string }): void {
  copyFileSync(chain, used.chain);
  copyFileSync(key, used.key);
  chmodSync(used.key, 0o600);
}

const fingerprintOf = (path: string) => new X509Certificate(readFileSync(path)).fingerprint256;

/** Fingerprint of the certificate that the admin listener presents. */
const presented = (): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const port = Number(new URL(server.admin).port);
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });

it('uses the renewed certificate without a restart, and keeps it while the next files cannot be used', {
  timeout: 120_000,
}, async () => {
  expect(await presented()).toBe(fingerprintOf(used.chain));
  const renewed = pair('renewed');
  install(renewed);
  await until(async () => expect(await presented()).toBe(fingerprintOf(renewed.chain)), 30_000);

  copyFileSync(pair('other').key, used.key);
  await until(() => expect(server.output()).toMatch(/does not belong to the certificate in .*admin\.crt/), 30_000);
  writeFileSync(used.chain, 'no certificate');
  await until(() => expect(server.output()).toMatch(/has no certificate in PEM form/), 30_000);
  expect(await presented()).toBe(fingerprintOf(renewed.chain));

  const next = pair('next');
  install(next);
  await until(async () => expect(await presented()).toBe(fingerprintOf(next.chain)), 30_000);
});
