/**
 * A company's service behind a real nginx with the example configuration `server/deploy/nginx-compliance.conf`, which admits only devices
 * that comply with their policies.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NGINX, reachable, selfSigned } from './behind-proxy.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface ComplianceProxy {
  /** Sends a request as a device. Returns the status, and the headers that the service received; null if it received none. */
  ask(client?: { readonly key: string; readonly cert: string }): Promise<{
    readonly status: number;
    readonly received: IncomingHttpHeaders | null;
  }>;
  remove(): Promise<void>;
}

/** `admin`: URL of Cordon's admin listener. `root`: Cordon's root certificate, PEM. */
export async function openComplianceProxy(admin: string, token: string, root: string): Promise<ComplianceProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-compliance-proxy-'));
  let received: IncomingHttpHeaders | null = null;
  const service = createServer(({ headers }, response) => {
    received = headers;
    response.end('welcome');
  });
  await once(service.listen(0, '127.0.0.1'), 'listening');
  const port = await freePort();
  const { chain } = selfSigned(folder, 'IP:::1');
  const ca = readFileSync(chain, 'utf8');
  writeFileSync(join(folder, 'devices.pem'), root);
  writeFileSync(join(folder, 'token.conf'), `proxy_set_header Authorization "Bearer ${token}";\n`, { mode: 0o600 });
  // nginx writes its cache as another user if root starts it.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'cache'));
  chmodSync(join(folder, 'cache'), 0o777);
  const config = join(folder, 'nginx.conf');
  const example = join(import.meta.dirname, '../../server/deploy/nginx-compliance.conf');
  writeFileSync(
    config,
    readFileSync(example, 'utf8')
      .replaceAll('203.0.113.20:443', `[::1]:${port}`)
      .replaceAll('/etc/ssl/service', folder)
      .replaceAll('/var/cache/nginx/cordon', join(folder, 'cache'))
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${(service.address() as AddressInfo).port}`)
      .replaceAll('127.0.0.1:8445', new URL(admin).host)
      // The test would otherwise wait half a minute for each change.
      .replace('200 403 30s', '200 403 1s'),
  );
  const [program = '', ...args] = NGINX.start(config, folder);
  const proxy = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const remove = async () => {
    proxy.kill();
    service.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(() => reachable(port));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    async ask(client) {
      received = null;
      // The client claims to be another device, and to have a statement. The service must not receive these headers.
      const headers = { 'Cordon-Device': 'dev_forged', 'Cordon-Compliance': 'forged' };
      const sent = request({ host: '::1', port, ca, agent: false, headers, ...client });
      sent.end();
      const [response] = await once(sent, 'response');
      response.resume();
      return { status: response.statusCode, received };
    },
    remove,
  };
}
