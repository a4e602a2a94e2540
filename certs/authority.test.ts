import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate as NodeCertificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { X509Certificate, X509Crl } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tool } from '../tests/support/tools.ts';
import { type Authority, openAuthority } from './authority.ts';
import { certsOnly } from './pkcs7.ts';
import { exportPkcs12 } from './pkcs12.ts';
import { BACKDATE, PROFILES } from './profiles.ts';

const openssl = tool('openssl', 'apt-get install openssl');
const zlint = tool('zlint', 'apt-get install zlint');

const DAY = 86_400_000;
const URI = 'urn:cordon:device:dev_aaaaaaaaaaaaaaaa:1';
const pass = 'correct horse battery staple';
const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-certs-'));
  folders.push(folder);
  return folder;
};
const open = (folder: string, passphrase = pass, serverNames = ['localhost', '127.0.0.1', '::1']): Authority =>
  openAuthority({
    folder,
    passphrase,
    organization: 'Exempel AB',
    serverNames,
    crlUrl: 'https://localhost:8444/crl/issuing.crl',
  });
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = () => newKey().publicKey.export({ type: 'spki', format: 'der' });

let authority: Authority;
let home: string;
beforeAll(() => {
  home = newFolder();
  authority = open(home);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const issueDevice = (key = spki()) =>
  authority.issue({ profile: 'device', spki: key, commonName: 'dev_aaaaaaaaaaaaaaaa', uris: [URI] });

it('leaves TLS usable in a process that opens the authority first', () => {
  const program = `
    const { openAuthority } = await import(${JSON.stringify(new URL('./authority.ts', import.meta.url).href)});
    const { keyPem, chainPem } = openAuthority(${JSON.stringify({ folder: home, passphrase: pass, organization: 'Exempel AB', serverNames: ['localhost'] })}).serverIdentity();
    const { createSecureContext } = await import('node:tls');
    createSecureContext({ key: keyPem, cert: chainPem });
    console.log('context created');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(output).toBe('context created\n');
});

describe('an issued certificate', () => {
  it('contains the fields of its profile and no others', () => {
    const key = spki();
    const issued = issueDevice(key);
    const oracle = new X509Certificate(issued.der);
    expect(oracle.subject).toBe('CN=dev_aaaaaaaaaaaaaaaa');
    expect(oracle.issuer).toBe('O=Exempel AB, CN=Cordon Issuing CA');
    expect(Buffer.from(oracle.publicKey.rawData).equals(key)).toBe(true);
    expect(oracle.serialNumber).toBe(issued.serial);
    expect(oracle.extensions.map(({ type, critical }) => `${type}${critical ? ' critical' : ''}`)).toEqual([
      '2.5.29.15 critical',
      '2.5.29.37',
      '2.5.29.17',
      '2.5.29.31',
      '2.5.29.14',
      '2.5.29.35',
    ]);
    const node = new NodeCertificate(issued.der);
    expect(node.subjectAltName).toBe(`URI:${URI}`);
    expect(node.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(node.ca).toBe(false);
    expect(node.verify(new NodeCertificate(authority.issuingDer).publicKey)).toBe(true);
    expect(node.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.fingerprint);
  });

  it('case 10: is valid from a little before now, so that a device with a slow clock can use it', () => {
    const now = Date.now();
    const { notBefore, notAfter } = issueDevice();
    expect(now - notBefore).toBeGreaterThanOrEqual(BACKDATE - 1000);
    expect(now - notBefore).toBeLessThan(BACKDATE + 2000);
    expect(notAfter - now).toBeGreaterThan(PROFILES.device.days * DAY - 2000);
  });

  it('case 10: has a new positive serial of 128 bits', () => {
    const serials = Array.from({ length: 200 }, () => issueDevice().serial);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
    expect(new Set(serials).size).toBe(200);
  });

  it('never outlives its issuer', () => {
    const issued = authority.issue({ profile: 'server', spki: spki(), commonName: 'x', days: 50 * 365 });
    expect(issued.notAfter).toBe(Date.parse(new NodeCertificate(authority.issuingDer).validTo));
  });

  it('writes times beyond 2049 as GeneralizedTime', () => {
    const oracle = new X509Certificate(authority.rootDer);
    expect(oracle.notAfter.getTime() - Date.now()).toBeGreaterThan((PROFILES.root.days - 1) * DAY);
  });

  it('gives the server its names and addresses', () => {
    const { chainPem, keyPem } = authority.serverIdentity();
    const server = new NodeCertificate(chainPem);
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkIP('::1')).toBe('::1');
    expect(keyPem).toContain('BEGIN PRIVATE KEY');
  });
});

describe('standard tools', () => {
  const files = () => {
    const folder = newFolder();
    const put = (name: string, text: string | Buffer) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    return { put, root: put('root.pem', authority.own()[0]?.pem ?? ''), chain: put('chain.pem', authority.chainPem) };
  };

  it.skipIf(!openssl.present)('openssl verify -x509_strict accepts every profile for its purpose', () => {
    const { put, root, chain } = files();
    const messaging = authority.issue({ profile: 'messaging', spki: spki(), commonName: 'dev_a', uris: [URI] });
    const leaves = [
      { name: 'device', pem: issueDevice().pem, purpose: 'sslclient' },
      { name: 'server', pem: authority.own()[2]?.pem ?? '', purpose: 'sslserver' },
      { name: 'messaging', pem: messaging.pem, purpose: 'any' },
    ];
    const crl = put('crl.pem', pemCrl(authority.crl(crlContent([]))));
    for (const { name, pem, purpose } of leaves) {
      const path = put(`${name}.pem`, pem);
      const args = ['verify', '-x509_strict', '-crl_check', '-CRLfile', crl, '-purpose', purpose];
      const said = execFileSync('openssl', [...args, '-CAfile', root, '-untrusted', chain, path], { encoding: 'utf8' });
      expect(said).toContain(': OK');
    }
  });

  it.skipIf(!openssl.present)('case 11: openssl refuses a server or messaging certificate as a TLS client', () => {
    const { put, root, chain } = files();
    const messaging = authority.issue({ profile: 'messaging', spki: spki(), commonName: 'dev_a', uris: [URI] });
    for (const pem of [messaging.pem, authority.own()[2]?.pem ?? '']) {
      const args = ['verify', '-purpose', 'sslclient', '-CAfile', root, '-untrusted', chain, put('leaf.pem', pem)];
      expect(() => execFileSync('openssl', args, { stdio: 'pipe' })).toThrow(/unsuitable certificate purpose/);
    }
  });

  it.skipIf(!zlint.present)('zlint finds no error against RFC 5280', () => {
    const { put } = files();
    const messaging = authority.issue({ profile: 'messaging', spki: spki(), commonName: 'dev_a', uris: [URI] });
    for (const { profile, pem } of [...authority.own(), issueDevice(), messaging]) {
      const said = execFileSync('zlint', ['-includeSources', 'RFC5280', put('one.pem', pem)], { encoding: 'utf8' });
      const results: Record<string, { result: string }> = JSON.parse(said);
      const bad = Object.entries(results).filter(([, { result }]) => result === 'error' || result === 'fatal');
      expect({ profile, bad }).toEqual({ profile, bad: [] });
      expect(Object.keys(results).length).toBeGreaterThan(50);
    }
  });

  it.skipIf(!openssl.present)('openssl verifies the revocation list and refuses a listed certificate', () => {
    const { put, root, chain } = files();
    const gone = issueDevice();
    const content = crlContent([{ serial: gone.serial, at: Date.now() - 1000, reason: 1 }]);
    const crl = put('crl.pem', pemCrl(authority.crl(content)));
    const said = execFileSync('openssl', ['crl', '-in', crl, '-CAfile', chain, '-noout', '-text'], { stdio: 'pipe' });
    expect(said.toString()).toContain('Key Compromise');
    const args = ['verify', '-crl_check', '-CRLfile', crl, '-CAfile', root, '-untrusted', chain];
    expect(() => execFileSync('openssl', [...args, put('gone.pem', gone.pem)], { stdio: 'pipe' })).toThrow(
      /certificate revoked/,
    );
    expect(execFileSync('openssl', [...args, put('other.pem', issueDevice().pem)]).toString()).toContain('OK');
  });

  it.skipIf(!openssl.present)('case 3: openssl refuses every certificate after the revocation list has expired', () => {
    const { put, root, chain } = files();
    const past = { number: 1, thisUpdate: Date.now() - 2 * DAY, nextUpdate: Date.now() - DAY, revoked: [] };
    const crl = put('crl.pem', pemCrl(authority.crl(past)));
    const args = ['verify', '-crl_check', '-CRLfile', crl, '-CAfile', root, '-untrusted', chain];
    expect(() => execFileSync('openssl', [...args, put('d.pem', issueDevice().pem)], { stdio: 'pipe' })).toThrow(
      /CRL has expired/,
    );
  });

  it.skipIf(!openssl.present)('openssl reads the certs-only message and the PKCS#12 bundle', () => {
    const { put } = files();
    const { privateKey, publicKey } = newKey();
    const issued = issueDevice(publicKey.export({ type: 'spki', format: 'der' }));
    const p7 = put('one.p7', certsOnly([issued.der, authority.issuingDer]));
    const printed = execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-in', p7, '-print_certs'], {
      encoding: 'utf8',
    });
    expect(printed.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(printed).toContain('dev_aaaaaaaaaaaaaaaa');
    const bundle = exportPkcs12(privateKey, [issued.der, authority.issuingDer, authority.rootDer], 'bundle-pass');
    const p12 = put('one.p12', bundle);
    const args = ['pkcs12', '-in', p12, '-nodes', '-passin'];
    const opened = execFileSync('openssl', [...args, 'pass:bundle-pass'], { encoding: 'utf8', stdio: 'pipe' });
    expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    expect(opened).toContain('BEGIN PRIVATE KEY');
    expect(() => execFileSync('openssl', [...args, 'pass:other'], { stdio: 'pipe' })).toThrow(/invalid password/);
  });
});

const crlContent = (revoked: { serial: string; at: number; reason: number }[]) => ({
  number: 7,
  thisUpdate: Date.now() - 1000,
  nextUpdate: Date.now() + DAY,
  revoked,
});
const pemCrl = (der: Buffer): string =>
  `-----BEGIN X509 CRL-----\n${der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')}\n-----END X509 CRL-----\n`;

describe('revocation list', () => {
  it('can be read by OpenSSL: version 2, number, key identifier, reasons', () => {
    const a = issueDevice().serial;
    const b = issueDevice().serial;
    const oracle = new X509Crl(
      authority.crl(
        crlContent([
          { serial: a, at: 1_760_000_000_000, reason: 0 },
          { serial: b, at: 1_760_000_001_000, reason: 4 },
        ]),
      ),
    );
    expect(oracle.version).toBe(1); // v2, as it is written in DER
    expect(oracle.entries.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([
      [a, undefined],
      [b, 4],
    ]);
    expect(oracle.entries[0]?.revocationDate.getTime()).toBe(1_760_000_000_000);
    expect(oracle.extensions.map(({ type }) => type)).toEqual(['2.5.29.35', '2.5.29.20']);
  });
});

describe('opening of an existing authority', () => {
  it('returns the same authority, and only the owner can read the files', () => {
    const again = open(home);
    expect(authority.created).toBe(true);
    expect(again.created).toBe(false);
    expect(again.fingerprint).toBe(authority.fingerprint);
    expect(again.online.keyid).toBe(authority.online.keyid);
    expect(again.own().map(({ serial }) => serial)).toEqual(authority.own().map(({ serial }) => serial));
    for (const file of readdirSync(home)) expect(statSync(join(home, file)).mode & 0o777).toBe(0o600);
  });

  it('stores no key unencrypted', () => {
    for (const file of readdirSync(home).filter((name) => name.endsWith('.key'))) {
      expect(readFileSync(join(home, file), 'utf8')).toMatch(/^v1\.[\w-]+\n$/);
    }
  });

  it('refuses another passphrase with its own error code', () => {
    expect(() => open(home, 'a wrong passphrase')).toThrow(expect.objectContaining({ code: 'passphrase_wrong' }));
  });

  it('works without the root CA’s key, which may be offline', () => {
    const folder = newFolder();
    const first = open(folder);
    rmSync(join(folder, 'root.key'));
    expect(open(folder).issue({ profile: 'device', spki: spki(), commonName: 'dev_b' }).serial).toBeTruthy();
    expect(open(folder).fingerprint).toBe(first.fingerprint);
  });

  it('renews the server certificate after a change of names, under the same root CA', () => {
    const folder = newFolder();
    const first = open(folder);
    const second = open(folder, pass, ['mdm.example.com']);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(second.own()[2]?.serial).not.toBe(first.own()[2]?.serial);
    expect(new NodeCertificate(second.serverIdentity().chainPem).subjectAltName).toBe('DNS:mdm.example.com');
  });

  it('finishes a first start that was interrupted after any file', () => {
    const whole = newFolder();
    open(whole);
    // Files in the sequence of their creation. After a crash, the first files of the sequence exist.
    const order = [
      'custody.json',
      'root.key',
      'root.crt',
      'issuing.key',
      'issuing.crt',
      'server.key',
      'server.crt',
      'online.key',
      'ledger.key',
      'authority.json',
    ];
    expect([...order].sort()).toEqual(readdirSync(whole).sort());
    for (let kept = 1; kept < order.length; kept++) {
      const torn = newFolder();
      for (const file of order.slice(0, kept))
        writeFileSync(join(torn, file), readFileSync(join(whole, file)), { mode: 0o600 });
      writeFileSync(join(torn, `${order[kept]}.1.new`), 'half a fi');
      const recovered = open(torn);
      expect(recovered.created).toBe(true);
      if (kept > 2) expect(recovered.fingerprint).toBe(open(whole).fingerprint);
      expect(existsSync(join(torn, 'authority.json'))).toBe(true);
    }
  });

  it.each(['issuing.key', 'issuing.crt', 'root.crt', 'online.key', 'ledger.key'])(
    'names %s when it is missing after the first start, and creates no new one',
    (file) => {
      const folder = newFolder();
      open(folder);
      rmSync(join(folder, file));
      expect(() => open(folder)).toThrow(expect.objectContaining({ code: 'unavailable' }));
      expect(() => open(folder)).toThrow(file);
      expect(existsSync(join(folder, file))).toBe(false);
    },
  );

  it('refuses a key file in the place of another', () => {
    const folder = newFolder();
    open(folder);
    writeFileSync(join(folder, 'online.key'), readFileSync(join(folder, 'ledger.key')));
    expect(() => open(folder)).toThrow(/online\.key is damaged or holds another key/);
  });
});
