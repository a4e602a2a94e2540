import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { credentialsOver } from '../../agent/enrollment/credentials.ts';
import { newKeyPem, requestCertificate } from '../../agent/enrollment/csr.ts';
import { renewWhenDue } from '../../agent/enrollment/renew.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { secureDial } from '../../agent/link/tls.ts';
import type { Authority } from '../../certs/authority.ts';
import { spkiOf } from '../../certs/certificate.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { buildCsr } from '../../tests/support/build-csr.ts';
import { csrFor, newKey, testAuthority, testEnrollment } from '../../tests/support/enrollment.ts';
import { type OldSpelling, oldSpelling } from '../../tests/support/est-spelling.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { tool } from '../../tests/support/tools.ts';
import { createMonitor } from '../monitoring/monitor.ts';
import type { Database } from '../store/database.ts';
import { createEst, type Est } from './est.ts';

const estclient = tool('estclient', 'apt-get install libest-utils');
const openssl = tool('openssl', 'apt-get install openssl');
const run = promisify(execFile);

let authority: Authority;
let folder: string;
let database: Database;
let removeAuthority: () => void;
let group: GroupId;
let fleet: ReturnType<typeof testEnrollment>;
let est: Est;
let server: Server;
let base: string;

beforeAll(async () => {
  ({ authority, remove: removeAuthority } = testAuthority());
  folder = mkdtempSync(join(tmpdir(), 'cordon-est-'));
  database = await openNewStore(join(folder, 'cordon.db'));
  group = await addGroup(database, 'g');
  const { keyPem, chainPem } = authority.serverIdentity();
  server = createServer({ key: keyPem, cert: chainPem }, (request, response) => {
    const failed = () => response.writeHead(500).end();
    if (!est.handle(request, response, failed)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `https://localhost:${(server.address() as AddressInfo).port}/.well-known/est`;
});
beforeEach(() => {
  // New limits for every test.
  fleet = testEnrollment(database, authority);
  est = createEst({
    monitor: createMonitor({ debug: () => undefined, info: () => undefined, warn: () => undefined }),
    enrollment: fleet.enrollment,
    authority,
    addressOf: (request) => request.socket.remoteAddress ?? null,
    identityOf: async () => null,
    operatorUrl: 'https://operator.example/',
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.close();
  rmSync(folder, { recursive: true, force: true });
  removeAuthority();
});

const put = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

async function send(path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const { body, ...options } = init;
    const sent = request(`${base}/${path}`, { ...options, ca: authority.chainPem, agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const enroll = (id: string, secret: string, csr: Buffer) =>
  send('simpleenroll', {
    method: 'POST',
    headers: {
      authorization: basic(id, secret),
      'content-type': 'application/pkcs10',
      'content-transfer-encoding': 'base64',
    },
    body: csr.toString('base64').replace(/.{64}/g, '$&\r\n'),
  });

async function certificatesIn(body: string): Promise<X509Certificate[]> {
  const p7 = put('answer.p7', Buffer.from(body, 'base64'));
  const { stdout } = await run('openssl', ['pkcs7', '-inform', 'DER', '-in', p7, '-print_certs']);
  return (stdout.match(/-----BEGIN[\s\S]+?END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
}

describe('EST', () => {
  it.skipIf(!openssl.present)('returns the certificate authorities to every client', async () => {
    const answer = await send('cacerts');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/pkcs7-mime; smime-type=certs-only',
      'content-transfer-encoding': 'base64',
    });
    const found = await certificatesIn(answer.body);
    expect(found.map(({ raw }) => raw)).toEqual([authority.issuingDer, authority.rootDer]);
  });

  it.skipIf(!openssl.present)('enrolls and responds with one certificate', async () => {
    const { id, secret } = await fleet.code(group);
    const key = newKey();
    const answer = await enroll(id, secret, csrFor(id, key));
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(answer.headers['content-type']).toBe('application/pkcs7-mime; smime-type=certs-only');
    const [certificate, ...others] = await certificatesIn(answer.body);
    expect(others).toEqual([]);
    expect(certificate?.checkPrivateKey(key)).toBe(true);
    expect(certificate?.verify(new X509Certificate(authority.issuingDer).publicKey)).toBe(true);
  });

  it('requests an activation code by HTTP authentication', async () => {
    for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: 'Basic !' }]) {
      const answer = await send('simpleenroll', { method: 'POST', headers, body: 'x'.repeat(100) });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
    }
  });

  it('requires no attributes', async () => {
    expect(await send('csrattrs')).toMatchObject({ status: 204, body: '' });
  });

  it('case 9: has separate errors for a used, an unknown and a too often guessed code', async () => {
    const { id, secret } = await fleet.code(group);
    expect((await enroll(id, secret, csrFor(id))).status).toBe(200);
    const problem = async (name: string, password: string) => {
      const { status, headers, body } = await enroll(name, password, csrFor(id));
      return { status, code: JSON.parse(body).code, retry: headers['retry-after'] };
    };
    expect(await problem(id, secret)).toMatchObject({ status: 409, code: 'code_used' });
    expect(await problem(id, 'wrong')).toMatchObject({ status: 401, code: 'code_unknown' });
    for (let i = 1; i < 20; i++) await problem(id, 'wrong');
    expect(await problem(id, 'wrong')).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(Number((await problem(id, 'wrong')).retry)).toBeGreaterThan(0);
    // The limit does not affect the holder of the valid code.
    expect(await problem(id, secret)).toMatchObject({ status: 409, code: 'code_used' });
  });

  it('responds with 451 if an order suspends enrollment', async () => {
    const { id, secret } = await fleet.code(group);
    const denials = [{ order: 'PK-2015-1', revision: 2, reasons: ['present'] }] as const;
    fleet.says.verdict = { allowed: false, denials, reasons: ['present'] };
    const answer = await enroll(id, secret, csrFor(id));
    expect(answer).toMatchObject({
      status: 451,
      headers: { 'cache-control': 'no-store', link: '<https://operator.example/>; rel="blocked-by"' },
    });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'enrollment_denied', context: { denials } });
  });

  const broken = (text: string) => ({ text, code: 'csr_malformed', status: 400 });
  it.each([
    ['case 6: nothing', broken('')],
    ['case 6: PEM', broken('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----')],
    ['case 6: no base64', broken('%%%%')],
    ['case 6: base64 of nonsense', broken(Buffer.from('nonsense').toString('base64'))],
    ['case 6: deeply nested', broken(Buffer.from(`${'3080'.repeat(1000)}`, 'hex').toString('base64'))],
    ['case 6: too large', { text: 'A'.repeat(20_000), code: 'too_large', status: 413 }],
  ])('%s is refused, and the code remains valid', async (_, { text, code, status }) => {
    const { id, secret } = await fleet.code(group);
    const answer = await send('simpleenroll', {
      method: 'POST',
      headers: { authorization: basic(id, secret) },
      body: text,
    });
    expect({ status: answer.status, code: JSON.parse(answer.body).code }).toEqual({ status, code });
    expect((await enroll(id, secret, csrFor(id))).status).toBe(200);
  });

  it.each([
    [
      'case 4: a bad self-signature',
      (id: string) => buildCsr({ privateKey: newKey(), commonName: id, spki: spkiOf(newKey()) }),
      'csr_bad_signature',
    ],
    ['case 8: another name', () => csrFor('dev_zzzzzzzzzzzzzzzz'), 'csr_wrong_subject'],
  ] as const)('%s is refused', async (_, csr, code) => {
    const { id, secret } = await fleet.code(group);
    const answer = await enroll(id, secret, csr(id));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).code).toBe(code);
  });

  it.each([
    ['case 6: a large body of unknown length', { 'transfer-encoding': 'chunked' }, 413, 'too_large'],
    ['a compressed body', { 'content-encoding': 'gzip' }, 400, 'invalid_input'],
  ])('%s is refused, and the code remains valid', async (_, headers, status, code) => {
    const { id, secret } = await fleet.code(group);
    const answer = await send('simpleenroll', {
      method: 'POST',
      headers: { authorization: basic(id, secret), ...headers },
      body: 'A'.repeat(20_000),
    });
    expect({ status: answer.status, code: JSON.parse(answer.body).code }).toEqual({ status, code });
    expect((await enroll(id, secret, csrFor(id))).status).toBe(200);
  });

  it('accepts a path in upper case, with a slash at its end or with a query', async () => {
    const { body } = await send('cacerts');
    for (const path of ['CACERTS', 'cacerts/', 'cacerts?x', 'cacerts/?x']) {
      expect(await send(path)).toMatchObject({ status: 200, body });
    }
    expect(await send('cacerts', { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': String(body.length) },
      body: '',
    });
  });

  it.each([
    ['cacerts', 'POST'],
    ['simpleenroll', 'GET'],
    ['simplereenroll', 'DELETE'],
    ['serverkeygen', 'POST'],
    ['cacerts/more', 'GET'],
    ['../est', 'GET'],
  ])('leaves %s with the method %s to the listener', async (path, method) => {
    expect((await send(path, { method })).status).toBe(404);
  });

  it('passes an internal error on, so that the listener logs it', async () => {
    const { id, secret } = await fleet.code(group);
    fleet.says.meanwhile = () => Promise.reject(new Error('broken'));
    expect((await enroll(id, secret, csrFor(id))).status).toBe(500);
    fleet.says.meanwhile = async () => undefined;
    expect((await enroll(id, secret, csrFor(id))).status).toBe(200);
  });

  it('renews certificates for the device listener', async () => {
    const { id, secret } = await fleet.code(group);
    await enroll(id, secret, csrFor(id));
    const identity = { device: id, generation: 1 };
    const good = await est.reenroll({ identity, body: csrFor(id).toString('base64') });
    expect(good).toMatchObject({ status: 200, headers: { 'Content-Transfer-Encoding': 'base64' } });
    const other = 'dev_zzzzzzzzzzzzzzzz' as DeviceId;
    const refused = await est.reenroll({ identity, body: csrFor(other).toString('base64') });
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'csr_wrong_subject' });
  });
});

describe('recovery after expiry', () => {
  /** Credentials of an agent whose certificate expired a quarter of an hour ago. */
  async function expiredDevice() {
    const issue: Authority['issue'] = (request) => authority.issue({ ...request, days: -0.01 });
    const { id, secret } = await fleet.code(group);
    const keyPem = newKeyPem();
    const redemption = { id, secret, csr: requestCertificate(id, keyPem), address: null };
    const { certificate, generation } = await testEnrollment(database, { ...authority, issue }).enrollment.redeem(
      redemption,
    );
    const chain = [new X509Certificate(certificate), new X509Certificate(authority.issuingDer)];
    const credentials = credentialsOver({ stored: null, save: () => undefined, forget: () => undefined });
    credentials.save({
      complete: true,
      code: '',
      device: id,
      generation,
      installation: 'test',
      keyPem,
      chainPem: chain.map(String).join(''),
      rootPem: new X509Certificate(authority.rootDer).toString(),
      publicUrl: base,
      deviceUrl: 'wss://localhost:1',
    });
    return credentials;
  }
  const recover = (csr: Buffer) => send('simplereenroll', { method: 'POST', body: csr.toString('base64') });
  const codeOf = ({ status, body }: { status: number; body: string }) => [status, JSON.parse(body).code];

  it('issues a new certificate for the agent’s key although TLS would refuse the old one', async () => {
    const credentials = await expiredDevice();
    const { rootPem, device, keyPem, chainPem } = credentials.current();
    expect(new X509Certificate(chainPem).validToDate.getTime()).toBeLessThan(Date.now());
    const withoutCertificate = secureDial({ dial: dialDirect, rootPem, identity: null });
    const withCertificate = () => Promise.reject(new Error('the device listener takes no expired certificate'));
    expect(await renewWhenDue(credentials, { withCertificate, withoutCertificate }, Date.now())).toBe(true);
    const renewed = new X509Certificate(credentials.current().chainPem);
    expect(renewed.validToDate.getTime()).toBeGreaterThan(Date.now());
    expect(renewed.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
    expect(renewed.subjectAltName).toContain(`urn:cordon:device:${device}:1`);
    // The response was lost. A repeated request gets the same certificate, and no further one is issued.
    expect((await recover(requestCertificate(device, keyPem))).status).toBe(200);
    const issued = await database.db.selectFrom('certificates').selectAll().where('device_id', '=', device).execute();
    expect(issued).toHaveLength(2);
  });

  it('refuses another key, an unknown name, a certificate that expired too long ago, and a revoked one', async () => {
    const { device, keyPem } = (await expiredDevice()).current();
    const own = requestCertificate(device, keyPem);
    const set = (change: { not_after?: number; revoked_at?: number }) =>
      database.db.updateTable('certificates').set(change).where('device_id', '=', device).execute();
    expect(codeOf(await recover(csrFor(device)))).toEqual([403, 'certificate_unknown']);
    expect(codeOf(await recover(requestCertificate('dev_zzzzzzzzzzzzzzzz', keyPem)))).toEqual([
      403,
      'certificate_unknown',
    ]);
    const forged = Buffer.from(own);
    forged[forged.length - 1] = forged.at(-1)! ^ 1;
    expect(codeOf(await recover(forged))).toEqual([400, 'csr_bad_signature']);
    await set({ not_after: Date.now() - 8 * 86_400_000 });
    expect(codeOf(await recover(own))).toEqual([403, 'certificate_expired']);
    await set({ not_after: Date.now() - 6 * 86_400_000, revoked_at: 1 });
    expect(codeOf(await recover(own))).toEqual([403, 'certificate_unknown']);
  });

  it('limits a stranger who tries keys, but never the device itself', async () => {
    const { device, keyPem } = (await expiredDevice()).current();
    const own = requestCertificate(device, keyPem);
    const codes = new Set<number>();
    for (let i = 0; i < 21; i++) codes.add((await recover(csrFor(device))).status);
    expect([...codes]).toEqual([403, 429]);
    expect((await recover(own)).status).toBe(200);
  });
});

describe.skipIf(!estclient.present || !openssl.present)("Debian's estclient, behind a translator to HTTP/1.0", () => {
  let old: OldSpelling;
  beforeAll(async () => {
    const { port: to } = server.address() as AddressInfo;
    old = await oldSpelling({ to, ca: authority.chainPem, identity: authority.serverIdentity() });
  });
  afterAll(() => old.close());

  const client = (args: string[]) => {
    const env = { ...process.env, EST_OPENSSL_CACERT: put('ca.pem', authority.chainPem) };
    return run('estclient', ['-s', 'localhost', '-p', String(old.port), '-o', folder, '-v', ...args], {
      env,
      timeout: 20_000,
    });
  };

  it('fetches the authorities and enrolls with an activation code', async () => {
    await client(['-g']);
    const { id, secret } = await fleet.code(group);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = put('device.pem', privateKey.export({ type: 'sec1', format: 'pem' }));
    const args = ['-e', '-x', key, '-u', id, '-h', secret, '--common-name', id, '--pem-output'];
    await client(args);
    const pem = readFileSync(join(folder, 'cert-0-0.pem'), 'utf8');
    const certificate = new X509Certificate(pem);
    expect(certificate.subject).toBe(`CN=${id}`);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))).toBe(true);
  });

  it('case 9: is refused with a used code', async () => {
    const { id, secret } = await fleet.code(group);
    expect((await enroll(id, secret, csrFor(id))).status).toBe(200);
    const key = put('other.pem', newKey().export({ type: 'sec1', format: 'pem' }));
    rmSync(join(folder, 'cert-0-0.pem'), { force: true });
    // estclient exits with 0 in any case, so the test searches its output for the server's refusal.
    const { stdout } = await client(['-e', '-x', key, '-u', id, '-h', secret, '--common-name', id, '--pem-output']);
    expect(stdout).toContain('"code":"code_used"');
    expect(() => readFileSync(join(folder, 'cert-0-0.pem'))).toThrow('ENOENT');
    expect(
      (await database.db.selectFrom('certificates').selectAll().where('device_id', '=', id).execute()).length,
    ).toBe(1);
  });
});
