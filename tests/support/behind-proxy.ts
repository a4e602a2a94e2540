/**
 * A real server behind a real reverse proxy with the example configuration of `server/deploy/`. The proxy listens on `::1` and the server
 * on `127.0.0.1`. The server therefore learns the address `::1` only from the proxy.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { tool } from './tools.ts';
import { until } from './until.ts';

/** Makes the certificate of the proxy. */
const openssl = tool('openssl', 'apt-get install openssl');
const DEPLOY = join(import.meta.dirname, '../../server/deploy');

export interface ReverseProxy {
  readonly name: string;
  readonly file: string;
  readonly present: boolean;
  readonly start: (file: string, folder: string) => readonly string[];
}

export const NGINX: ReverseProxy = {
  name: 'nginx',
  file: 'nginx.conf',
  present: openssl.present && tool('nginx', 'apt-get install nginx-light libnginx-mod-stream').present,
  start: (file, folder) => [
    'nginx',
    '-p',
    folder,
    '-c',
    file,
    '-e',
    'stderr',
    '-g',
    `daemon off; pid ${join(folder, 'pid')};`,
  ],
};
export const HAPROXY: ReverseProxy = {
  name: 'HAProxy',
  file: 'haproxy.cfg',
  present: openssl.present && tool('haproxy', 'apt-get install haproxy').present,
  start: (file) => ['haproxy', '-db', '-f', file],
};

export interface BehindProxy {
  readonly server: ServerProcess;
  /** Port on which the proxy terminates TLS for admins. */
  readonly https: number;
  /** The proxy's certificate, PEM. */
  readonly certificate: string;
  remove(): Promise<void>;
}

/** Writes a key and a self-signed certificate to this folder. `name`: subject alternative name, such as `IP:::1` or `DNS:localhost`. */
export function selfSigned(folder: string, name: string): { readonly key: string; readonly chain: string } {
  const [key, chain] = [join(folder, 'key.pem'), join(folder, 'fullchain.pem')];
  execFileSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=cordon',
    '-addext',
    `subjectAltName=${name}`,
    '-keyout',
    key,
    '-out',
    chain,
  ]);
  return { key, chain };
}

export async function openBehindProxy({ file, start }: ReverseProxy): Promise<BehindProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-proxy-'));
  const https = await freePort();
  const server = await startServerProcess({
    CORDON_NAMES: '::1',
    CORDON_PROXY_FROM: '127.0.0.1',
    CORDON_PROXY_REQUIRED: 'device,public',
    CORDON_ADMIN_URL: `https://[::1]:${https}`,
    CORDON_ADMIN_PROXY_FROM: '127.0.0.1',
  });
  const { key, chain } = selfSigned(folder, 'IP:::1');
  const certificate = readFileSync(chain, 'utf8');
  writeFileSync(join(folder, 'haproxy.pem'), certificate + readFileSync(key, 'utf8'), { mode: 0o600 });
  const portOf = (url: string) => new URL(url).port;
  const config = readFileSync(join(DEPLOY, file), 'utf8')
    .replaceAll('203.0.113.10:443 ', `[::1]:${https} `)
    .replaceAll('203.0.113.10', '[::1]')
    .replaceAll('/etc/ssl/cordon', folder)
    .replaceAll('load_module modules/', 'load_module /usr/lib/nginx/modules/')
    .replaceAll(':8443', `:${portOf(server.device)}`)
    .replaceAll(':8444', `:${portOf(server.public)}`)
    .replaceAll(':8445', `:${portOf(server.admin)}`);
  writeFileSync(join(folder, file), config);
  const [program = '', ...args] = start(join(folder, file), folder);
  const proxy = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const remove = async () => {
    proxy.kill();
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(() => reachable(https));
    return { server, https, certificate, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Resolves if the port of `::1` accepts connections. */
export function reachable(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '::1');
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
