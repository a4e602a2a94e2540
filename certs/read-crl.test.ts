/** Reading of a revocation list that the installation's own authority signed, and refusal of all others. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tool } from '../tests/support/tools.ts';
import { openAuthority } from './authority.ts';
import { readCrl } from './read-crl.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-read-crl-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const authorityIn = (name: string) =>
  openAuthority({
    folder: join(folder, name),
    passphrase: 'a long passphrase',
    organization: 'Test',
    serverNames: ['a'],
  });
const authority = authorityIn('ours');
const at = Date.parse('2026-11-27T12:00:00.000Z');
const crl = (revoked: Parameters<typeof authority.crl>[0]['revoked'], number = 7) =>
  authority.crl({ number, thisUpdate: at, nextUpdate: at + 1000, revoked });

const openssl = tool('openssl', 'apt-get install openssl');

describe('certificate revocation list', () => {
  it('is parsed with its fields', () => {
    const revoked = [
      { serial: `40${'ab'.repeat(15)}`, at: at - 5000, reason: 1 },
      { serial: `7f${'00'.repeat(15)}`, at: at - 4000, reason: 0 },
    ];
    expect(readCrl(crl(revoked), authority.issuingDer)).toEqual({ number: 7, thisUpdate: at, revoked });
  });

  it.skipIf(!openssl.present)('may be empty and in PEM, and may have a number beyond 32 bits', () => {
    const pem = execFileSync('openssl', ['crl', '-inform', 'DER', '-outform', 'PEM'], { input: crl([], 10 ** 12) });
    expect(readCrl(pem, authority.issuingDer)).toEqual({ number: 10 ** 12, thisUpdate: at, revoked: [] });
  });

  it('is refused if it was changed, if another authority signed it, or if it is no revocation list', () => {
    const der = crl([]);
    expect(() => readCrl(der, authorityIn('other').issuingDer)).toThrow(
      expect.objectContaining({ code: 'signature_invalid' }),
    );
    const changed = Buffer.from(der);
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
    expect(() => readCrl(changed, authority.issuingDer)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/signature_invalid|document_malformed/) }),
    );
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), authority.issuingDer]) {
      expect(() => readCrl(bytes, authority.issuingDer)).toThrow(expect.objectContaining({ code: expect.any(String) }));
    }
  });
});
