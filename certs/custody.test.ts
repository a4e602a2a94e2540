import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCustody, resolvePassphrase } from './custody.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'cordon-custody-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const code = (code: string) => expect.objectContaining({ code });

describe('passphrase', () => {
  it('is created at the first start in a private file outside the data folder, and read at later starts', () => {
    const from = { given: null, file: join(base, 'config', 'passphrase'), folder: join(base, 'data') };
    const first = resolvePassphrase(from);
    expect(first).toMatchObject({ from: 'file', path: from.file, generated: true });
    expect(first.passphrase.length).toBeGreaterThanOrEqual(32);
    expect(statSync(from.file).mode & 0o777).toBe(0o600);
    expect(resolvePassphrase(from)).toEqual({ ...first, generated: false });
  });

  it('comes from the environment rather than the file', () => {
    const from = { given: 'given by the environment', file: join(base, 'passphrase'), folder: base };
    expect(resolvePassphrase(from)).toEqual({
      passphrase: 'given by the environment',
      from: 'environment',
      path: null,
      generated: false,
    });
    expect(existsSync(from.file)).toBe(false);
  });

  it('is not created again for a folder that was sealed with another passphrase', () => {
    const from = { given: null, file: join(base, 'passphrase'), folder: join(base, 'data') };
    openCustody(from.folder, resolvePassphrase(from).passphrase);
    rmSync(from.file);
    expect(() => resolvePassphrase(from)).toThrow(code('passphrase_wrong'));
    expect(existsSync(from.file)).toBe(false);
  });

  it.each(['', 'short'])('refuses %j', (given) => {
    expect(() => resolvePassphrase({ given, file: join(base, 'p'), folder: base })).toThrow(code('invalid_input'));
  });
});

describe('encryption of secrets', () => {
  it('decrypts a secret only for the same purpose and with the same passphrase', () => {
    const custody = openCustody(base, 'the first passphrase');
    const sealed = custody.seal(Buffer.from('secret'), 'totp:acc_1');
    expect(sealed).not.toContain('secret');
    expect(openCustody(base, 'the first passphrase').unseal(sealed, 'totp:acc_1').toString()).toBe('secret');
    expect(() => custody.unseal(sealed, 'totp:acc_2')).toThrow(code('unavailable'));
    expect(() => openCustody(base, 'another passphrase')).toThrow(code('passphrase_wrong'));
    expect(custody.seal(Buffer.from('secret'), 'totp:acc_1')).not.toBe(sealed);
  });

  it.each([
    ['a flipped bit', (text: string) => text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21)],
    ['a cut', (text: string) => text.slice(0, 30)],
    ['nothing', () => ''],
  ])('refuses %s', (_, damage) => {
    const custody = openCustody(base, 'the first passphrase');
    const sealed = custody.seal(Buffer.from('a secret of some length'), 'x');
    expect(() => custody.unseal(damage(sealed), 'x')).toThrow(code('unavailable'));
  });

  it('names the damaged file', () => {
    openCustody(base, 'the first passphrase');
    const path = join(base, 'custody.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
    expect(() => openCustody(base, 'the first passphrase')).toThrow(path);
  });
});
