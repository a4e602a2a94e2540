/**
 * Programs that know nothing of Cordon, at a running server: strongSwan's and libest's EST clients, openssl, curl, Python's
 * securesystemslib and Go's checksum database.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openAuthority } from '../../certs/authority.ts';
import { envelopeSchema, orderListSchema } from '../../shared/order/documents.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import { type AdminCli, adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { csrFor, newKey } from '../support/enrollment.ts';
import { oldSpelling } from '../support/est-spelling.ts';
import { type DeviceTls, strayIdentity, TestLink } from '../support/gateway-world.ts';
import { type Ended, runProgram } from '../support/run-program.ts';
import { needed, tool } from '../support/tools.ts';
import { until } from '../support/until.ts';
import { ledgerCopy } from './standard-clients/ledger-copy.ts';

const pki = tool('pki', 'apt-get install strongswan-pki');
const openssl = tool('openssl', 'apt-get install openssl');
const curl = tool('curl', 'apt-get install curl');
const estclient = tool('estclient', 'apt-get install libest-utils');
// Debian's package works only with Debian's Python, even if the PATH has another.
const PYTHON = '/usr/bin/python3';
const securesystemslib = needed(
  'securesystemslib',
  'apt install python3-securesystemslib',
  spawnSync(PYTHON, ['-c', 'import securesystemslib, cryptography']).status === 0,
);

const folder = mkdtempSync(join(tmpdir(), 'cordon-clients-'));
const PASSPHRASE = 'a passphrase that the tests know';
const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging', 'mail'],
  nexus: ['present'],
  effective: '2099-11-30T23:59',
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: 'The authority',
  addressee: 'The operator',
  instrument: 'Letter 1',
  statement: { en: 'Service ends.' },
};
let world: World;
let agent: AgentProcess;
let tls: DeviceTls;
let cordon: AdminCli;

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

beforeAll(async () => {
  world = await openWorld({ CORDON_PASSPHRASE: PASSPHRASE });
  agent = await world.enrolled();
  tls = agent.tls(world.server.device);
  file('root.pem', tls.ca);
  cordon = adminCli(world.server.admin, join(folder, 'admin'), { CORDON_TOKEN: world.operator.owner.token });
  await world.operator.adopt(await world.operator.propose(TERMS));
}, 120_000);
afterAll(async () => {
  await world?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!pki.present)('strongSwan’s pki --est at the public listener', () => {
  /** Creates a P-256 key and a request with this name, both by strongSwan's `pki`. */
  async function requestFor(name: string, id: string): Promise<{ key: string; csr: string }> {
    const made = execFileSync('pki', ['--gen', '--type', 'ecdsa', '--size', '256'], { stdio: 'pipe' });
    const key = file(`${name}.key`, made);
    const args = ['--req', '--type', 'ecdsa', '--in', key, '--dn', `CN=${id}`];
    return { key, csr: file(`${name}.csr`, execFileSync('pki', args, { stdio: 'pipe' })) };
  }
  function est(csr: string, ...more: string[]): Promise<Ended> {
    const authorities = [join(folder, 'root.pem'), file('issuing.pem', issuing())];
    const args = ['--est', '--url', world.server.public.replace('127.0.0.1', 'localhost'), '--in', csr];
    args.push(...authorities.flatMap((path) => ['--cacert', path]), '--outform', 'pem', ...more);
    return runProgram('pki', args, { within: 20_000 });
  }
  const issuing = () => (tls.cert ?? '').split(/(?=-----BEGIN)/)[1] ?? '';
  async function connects({ key, pem }: { key: string; pem: string }): Promise<string> {
    const identity = { key: pemOfSec1(readFileSync(key)), cert: pem + issuing() };
    const link = await new TestLink({ ...tls, ...identity }).hello();
    const { device } = await link.next('welcome');
    link.socket.terminate();
    return device;
  }
  async function enrolled(name: string, home?: string) {
    const { code } = parseActivationLink(await world.link(home));
    const { key, csr } = await requestFor(name, code.id);
    const { out, err } = await est(csr, '--userpass', `${code.id}:${code.secret}`);
    expect(out, err).toContain('BEGIN CERTIFICATE');
    return { id: code.id, key, pem: out, file: file(`${name}.pem`, out) };
  }

  it('enrolls with an activation code, and re-enrolls with the certificate and a new key', async () => {
    const first = await enrolled('first');
    expect(await connects(first)).toBe(first.id);
    const { key, csr } = await requestFor('second', first.id);
    const { out, err } = await est(csr, '--cert', first.file, '--key', first.key);
    expect(out, err).toContain('BEGIN CERTIFICATE');
    const [before, after] = [new X509Certificate(first.pem), new X509Certificate(out)];
    expect(after.subject).toBe(before.subject);
    expect(after.subjectAltName).toBe(before.subjectAltName);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(await connects({ key, pem: out })).toBe(first.id);
    // The device has used its new certificate, so the old one can renew nothing any more.
    const third = await requestFor('third', first.id);
    const refused = await est(third.csr, '--cert', first.file, '--key', first.key);
    expect(refused).toMatchObject({ out: '', err: expect.stringContaining('HTTP 403') });
  });

  it('is refused for a revoked device, and for the name of another device', async () => {
    const device = await enrolled('revoked');
    const other = await requestFor('other', (await enrolled('neighbor')).id);
    const wrongName = await est(other.csr, '--cert', device.file, '--key', device.key);
    expect(wrongName).toMatchObject({ out: '', err: expect.stringContaining('HTTP 400') });
    await world.revoke(device.id);
    const { csr } = await requestFor('afterward', device.id);
    const refused = await est(csr, '--cert', device.file, '--key', device.key);
    expect(refused).toMatchObject({ out: '', err: expect.stringContaining('HTTP 403') });
  });

  it('re-enrolls while an order suspends enrollment and management', async () => {
    const device = await enrolled('suspended', 'KE');
    const effective = Date.now() + 3_000;
    const order = await world.operator.propose({
      ...TERMS,
      title: 'Kenya',
      areas: ['KE'],
      services: ['enrollment', 'management'],
      nexus: ['home'],
      zone: 'UTC',
      effective: new Date(effective).toISOString(),
    });
    await world.operator.adopt(order);
    const { code } = parseActivationLink(await world.link('KE'));
    const newcomer = await requestFor('newcomer', code.id);
    await until(() => expect(Date.now()).toBeGreaterThan(effective));
    const refused = await est(newcomer.csr, '--userpass', `${code.id}:${code.secret}`);
    expect(refused).toMatchObject({ out: '', err: expect.stringContaining('HTTP 451') });
    const { csr } = await requestFor('renewed', device.id);
    const { out, err } = await est(csr, '--cert', device.file, '--key', device.key);
    expect(out, err).toContain('BEGIN CERTIFICATE');
  }, 60_000);
});

describe.skipIf(!openssl.present)('openssl s_client at the device listener', () => {
  function connect(identity: { key?: string | Buffer; cert?: string }, path = '/device/record'): Promise<Ended> {
    const args = ['s_client', '-connect', `127.0.0.1:${tls.port}`, '-servername', 'localhost', '-verify_return_error'];
    args.push('-CAfile', join(folder, 'root.pem'), '-ign_eof');
    if (identity.key && identity.cert) {
      args.push('-key', file('client.key', identity.key), '-cert', file('client.pem', identity.cert));
      args.push('-cert_chain', join(folder, 'client.pem'));
    }
    const input = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    return runProgram('openssl', args, { input, within: 10_000 });
  }

  it('receives the server’s response with a device’s certificate, over the hybrid post-quantum group if this openssl has it', async () => {
    const { code, out } = await connect(tls);
    expect(code).toBe(0);
    expect(out).toContain('Verification: OK');
    expect(out).toContain('TLSv1.3');
    expect(out).toMatch(/HTTP\/1\.1 200 OK[\s\S]*order|HTTP\/1\.1 200 OK[\s\S]*payload/);
    const groups = execFileSync('openssl', ['list', '-tls-groups'], { encoding: 'utf8' });
    expect(out).toMatch(groups.includes('X25519MLKEM768') ? /X25519MLKEM768/ : /X25519/);
  });

  it('is refused in TLS without a certificate', async () => {
    const { out, err, code } = await connect({});
    expect(out).not.toContain('HTTP/1.1');
    expect(code).not.toBe(0);
    expect(out + err).toMatch(/certificate required/);
  });

  it('case 11: is refused with the server’s certificate, a messaging certificate, and a device certificate without a record', async () => {
    // Certificates that a thief of the server's keys could create. The store knows none of them as a device's.
    const authority = openAuthority({
      folder: join(world.server.home, 'keys'),
      passphrase: PASSPHRASE,
      organization: 'Cordon',
      serverNames: ['localhost'],
    });
    const { keyPem, chainPem } = authority.serverIdentity();
    // A certificate for another purpose fails in TLS. A device certificate without a record gets an error with its reason.
    for (const [identity, answer] of [
      [{ key: keyPem, cert: chainPem }, null],
      [strayIdentity(authority, 'server'), null],
      [strayIdentity(authority, 'messaging'), null],
      [strayIdentity(authority, 'device'), /HTTP\/1\.1 403[\s\S]*"certificate_unknown"/],
    ] as const) {
      const { out } = await connect(identity);
      if (answer) expect(out).toMatch(answer);
      else expect(out).not.toContain('HTTP/1.1');
      const link = new TestLink({ ...tls, ...identity });
      const end = await Promise.race([link.refused, link.closed, link.opened.then(() => 'let in')]);
      expect(end).not.toBe('let in');
    }
  });
});

describe.skipIf(!openssl.present)('openssl s_client at the public listener', () => {
  function ask(
    version: string,
    input: string,
    identity: { key?: string | Buffer; cert?: string } = {},
  ): Promise<Ended> {
    const args = ['s_client', '-connect', new URL(world.server.public).host, '-servername', 'localhost', `-${version}`];
    args.push('-CAfile', join(folder, 'root.pem'), '-verify_return_error', '-ign_eof', '-nameopt', 'RFC2253');
    if (identity.key && identity.cert) {
      args.push('-key', file('asking.key', identity.key), '-cert', file('asking.pem', identity.cert));
    }
    return runProgram('openssl', args, { input, within: 10_000 });
  }
  const page = 'GET /transparency HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const renewal = (csr: Buffer) => {
    const body = csr.toString('base64');
    const head = 'Host: localhost\r\nConnection: close\r\nContent-Type: application/pkcs10';
    return `POST /.well-known/est/simplereenroll HTTP/1.1\r\n${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  it.each(['tls1_2', 'tls1_3'])(
    'is served without a certificate over %s, and receives only the names of our CAs',
    async (version) => {
      const { out, code } = await ask(version, page);
      expect(code).toBe(0);
      expect(out).toMatch(/HTTP\/1\.1 200 OK[\s\S]*Service ends\./);
      const [, names = ''] =
        /Acceptable client certificate CA names\n([\s\S]*?)\n(?:Client Certificate Types|Requested Sig)/.exec(out) ??
        [];
      expect(names.split('\n').sort()).toEqual(['CN=Cordon Issuing CA,O=Cordon', 'CN=Cordon Root,O=Cordon']);
    },
  );

  it.each(['tls1_2', 'tls1_3'])('renews over %s with a device’s certificate', async (version) => {
    const device = await world.enrolled();
    const { key, cert } = device.tls(world.server.device);
    const id = /CN=(\S+)/.exec(new X509Certificate(cert ?? '').subject)?.[1] ?? '';
    const { out } = await ask(version, renewal(csrFor(id)), { ...(key && { key }), ...(cert && { cert }) });
    expect(out).toMatch(/HTTP\/1\.1 200 OK[\s\S]*application\/pkcs7-mime/);
  });

  it('is served with a self-made certificate, which renews nothing', async () => {
    const key = file('stranger.key', newKey().export({ type: 'pkcs8', format: 'pem' }));
    const args = ['req', '-x509', '-key', key, '-subj', '/CN=stranger', '-days', '1'];
    const cert = execFileSync('openssl', args, { encoding: 'utf8' });
    const stranger = { key: readFileSync(key), cert };
    expect((await ask('tls1_3', page, stranger)).out).toContain('HTTP/1.1 200 OK');
    const { out } = await ask('tls1_3', renewal(csrFor('dev_zzzzzzzzzzzzzzzz')), stranger);
    expect(out).toMatch(/HTTP\/1\.1 403[\s\S]*"certificate_unknown"/);
  });
});

describe.skipIf(!curl.present)('curl at the public listener', () => {
  const get = (path: string, ...more: string[]) =>
    runProgram('curl', [
      '-sS',
      '--fail',
      '--cacert',
      join(folder, 'root.pem'),
      ...more,
      `${world.server.public}${path}`,
    ]);

  it('fetches the order list, the approver sets and the ledger’s checkpoint', async () => {
    const list = await get('/orders/list');
    const { payload } = envelopeSchema.parse(JSON.parse(list.out));
    expect(orderListSchema.parse(JSON.parse(Buffer.from(payload, 'base64').toString())).orders).not.toEqual([]);
    expect(z.array(envelopeSchema).parse(JSON.parse((await get('/orders/approver-sets')).out))).toHaveLength(1);
    expect((await get('/ledger/checkpoint')).out).toMatch(/^cordon\/.+\n\d+\n[A-Za-z0-9+/=]{44}\n\n— /);
    expect((await get('/transparency')).out).toContain('Service ends.');
  });

  it('gets no document of a device there, and no WebSocket connection', async () => {
    for (const path of ['/device/record', '/link', '/api/v1/devices']) {
      expect((await get(path)).code).toBe(22);
    }
  });

  it.skipIf(!openssl.present)('fetches the CRL, which openssl verifies, before and after a revocation', async () => {
    const victim = await world.enrolled();
    const serial = new X509Certificate(victim.tls(world.server.device).cert ?? '').serialNumber;
    const [, issuing = ''] = (tls.cert ?? '').split(/(?=-----BEGIN)/);
    const chain = file('chain.pem', `${issuing}${tls.ca}`);
    const crl = async () => {
      const path = join(folder, 'issuing.crl');
      const fetched = await get('/crl/issuing.crl', '-o', path);
      expect(fetched).toMatchObject({ code: 0, err: '' });
      return runProgram('openssl', ['crl', '-inform', 'DER', '-in', path, '-CAfile', chain, '-noout', '-text']);
    };
    const before = await crl();
    expect({ code: before.code, err: before.err }).toEqual({ code: 0, err: expect.stringContaining('verify OK') });
    expect(before.out).not.toContain(serial);
    await world.revoke(victim.device);
    await until(async () => {
      const after = await crl();
      expect({ code: after.code, err: after.err }).toEqual({ code: 0, err: expect.stringContaining('verify OK') });
      expect(after.out).toContain(serial);
    });
  });
});

describe.skipIf(!securesystemslib.present)('Python’s securesystemslib', () => {
  const VERIFY = `
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_der_public_key, Encoding, PublicFormat
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
given = json.load(sys.stdin)
keys = []
for keyid, der in given["keys"].items():
    raw = load_der_public_key(base64.b64decode(der)).public_bytes(Encoding.Raw, PublicFormat.Raw)
    keys.append(SSlibKey(keyid, "ed25519", "ed25519", {"public": raw.hex()}))
accepted = Envelope.from_dict(given["envelope"]).verify(keys, given["threshold"])
print(json.dumps(sorted(accepted)))
`;
  const verify = (input: object) => runProgram(PYTHON, ['-c', VERIFY], { input: JSON.stringify(input) });

  it('verifies the published list, and both approvals of the order in it', async () => {
    const list = envelopeSchema.parse(await (await served('/orders/list')).json());
    const { orders } = orderListSchema.parse(JSON.parse(Buffer.from(list.payload, 'base64').toString()));
    const [approverSet] = z.array(envelopeSchema).parse(await (await served('/orders/approver-sets')).json());
    const approvers = JSON.parse(Buffer.from(approverSet?.payload ?? '', 'base64').toString());
    const keysOf = (keys: { keyid: string; publicKey: string }[]) =>
      Object.fromEntries(keys.map(({ keyid, publicKey }) => [keyid, publicKey]));
    const online = await verify({ envelope: list, keys: keysOf(approvers.onlineKeys), threshold: 1 });
    expect(online).toMatchObject({ code: 0, err: '' });

    const keys = Object.fromEntries(
      world.operator.approvers.flatMap(({ key }) => (key ? [[key.keyid, key.publicKey] as const] : [])),
    );
    const [envelope] = orders;
    const accepted = await verify({ envelope, keys, threshold: 2 });
    expect(accepted).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(accepted.out)).toEqual(envelope?.signatures.map(({ keyid }) => keyid).sort());
    // The server's online key is not an approver's key.
    expect((await verify({ envelope, keys: keysOf(approvers.onlineKeys), threshold: 1 })).code).not.toBe(0);
  });
});

/** `pki --gen` writes DER. */
const pemOfSec1 = (der: Buffer): string =>
  createPrivateKey({ key: der, format: 'der', type: 'sec1' }).export({ type: 'pkcs8', format: 'pem' }).toString();

/** Downloads from the public listener with a client that trusts only the installation's root CA. */
async function served(path: string) {
  const { out, code, err } = await runProgram(process.execPath, [
    '-e',
    `require('node:https').get(process.argv[1], { ca: require('node:fs').readFileSync(process.argv[2]) }, (r) => {
      if (r.statusCode !== 200) process.exitCode = 1;
      r.pipe(process.stdout);
    })`,
    `${world.server.public}${path}`,
    join(folder, 'root.pem'),
  ]);
  if (code !== 0) throw new Error(`${path}: ${out}${err}`);
  return { json: (): unknown => JSON.parse(out) };
}

ledgerCopy(() => ({ world, cordon, folder }));

describe.skipIf(!estclient.present)('libest’s estclient, behind a translator to HTTP/1.0', () => {
  it('enrolls a device at the public listener, which the device listener then accepts', async () => {
    const { code } = parseActivationLink(await world.link());
    const between = await oldSpelling({
      to: Number(new URL(world.server.public).port),
      ca: tls.ca,
      identity: openAuthority({
        folder: join(world.server.home, 'keys'),
        passphrase: PASSPHRASE,
        organization: 'Cordon',
        serverNames: ['localhost'],
      }).serverIdentity(),
    });
    const [, issuing = ''] = (tls.cert ?? '').split(/(?=-----BEGIN)/);
    try {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const key = file('device.pem', privateKey.export({ type: 'sec1', format: 'pem' }));
      const args = ['-s', 'localhost', '-p', String(between.port), '-o', folder, '-e', '-x', key];
      args.push('-u', code.id, '-h', code.secret, '--common-name', code.id, '--pem-output');
      const { out, err } = await runProgram('estclient', args, {
        env: { EST_OPENSSL_CACERT: file('authorities.pem', `${issuing}${tls.ca}`) },
      });
      const made = join(folder, 'cert-0-0.pem');
      expect(existsSync(made), out + err).toBe(true);
      const pem = readFileSync(made, 'utf8');
      expect(new X509Certificate(pem).subject).toBe(`CN=${code.id}`);
      const link = await new TestLink({ ...tls, key: readFileSync(key), cert: pem + issuing }).hello();
      expect((await link.next('welcome')).device).toBe(code.id);
      link.socket.terminate();
    } finally {
      between.close();
    }
  });
});
