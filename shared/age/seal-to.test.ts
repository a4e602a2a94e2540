/** Decryption by Debian's `age`, the program that a recipient has. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../tests/support/run-program.ts';
import { tool } from '../../tests/support/tools.ts';
import { parseRecipient, sealTo } from './seal-to.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-age-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const age = tool('age', 'apt-get install age');

async function identity(name: string): Promise<{ readonly file: string; readonly recipient: string }> {
  const file = join(folder, name);
  await runProgram('age-keygen', ['-o', file]);
  const { out } = await runProgram('age-keygen', ['-y', file]);
  return { file, recipient: out.trim() };
}

describe.skipIf(!age.present)('a file encrypted to a recipient', () => {
  it.each([0, 1, 100, 65_535, 65_536, 65_537, 131_072, 300_000])(
    'of %d bytes can be decrypted by age',
    async (size) => {
      const { file, recipient } = await identity(`of-${size}`);
      const plaintext = randomBytes(size);
      const sealed = join(folder, `sealed-${size}`);
      writeFileSync(sealed, await sealTo(parseRecipient(recipient), plaintext));
      const opened = `${sealed}.opened`;
      expect(await runProgram('age', ['-d', '-i', file, '-o', opened, sealed])).toMatchObject({ code: 0, err: '' });
      const { out } = await runProgram('sha256sum', [opened]);
      expect(out.slice(0, 64)).toBe(createHash('sha256').update(plaintext).digest('hex'));
    },
  );

  it('cannot be decrypted with another key, or after a change of one byte', async () => {
    const [one, other] = [await identity('one'), await identity('other')];
    const sealed = Buffer.from(await sealTo(parseRecipient(one.recipient), Buffer.from('Ayesha Malik')));
    expect(sealed.includes('Ayesha')).toBe(false);
    const open = (bytes: Buffer, file: string) => runProgram('age', ['-d', '-i', file], { input: bytes });
    expect((await open(sealed, one.file)).out).toBe('Ayesha Malik');
    expect((await open(sealed, other.file)).code).not.toBe(0);
    for (const at of [30, 100, sealed.length - 40, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect((await open(changed, one.file)).code, `byte ${at}`).not.toBe(0);
    }
    expect((await open(sealed.subarray(0, -1), one.file)).code).not.toBe(0);
  });

  it('has different bytes each time', async () => {
    const { recipient } = await identity('twice');
    const seal = async () => (await sealTo(parseRecipient(recipient), Buffer.from('the same'))).toHex();
    expect(await seal()).not.toBe(await seal());
  });
});

/** Recipient in age's README. */
const KNOWN = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

describe('a recipient', () => {
  it('is accepted as age-keygen prints it, in upper and lower case and with surrounding space', () => {
    expect(parseRecipient(`  ${KNOWN}\n`)).toBe(KNOWN);
    expect(parseRecipient(KNOWN.toUpperCase())).toEqual(parseRecipient(KNOWN));
  });

  it.each([
    ['nothing', ''],
    ['a letter changed', KNOWN.replace('ql3z', 'ql3q')],
    ['a letter missing', KNOWN.slice(0, -1)],
    ['mixed case', `A${KNOWN.slice(1)}`],
    ['another prefix', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
    ['a key of another kind', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN'],
    ['a plugin', 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'],
    ['a look-alike', KNOWN.replace('age', 'аge')],
  ])('is not %s', (_name, text) => {
    expect(() => parseRecipient(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('must not be a secret identity, and the error does not repeat the identity', () => {
    const secret = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX';
    expect(() => parseRecipient(secret)).toThrow(/secret identity/);
    expect(() => parseRecipient(secret)).not.toThrow(/GFPYY/);
  });

  it('must not be a weak key', async () => {
    // 32 bytes of zero.
    const zero = parseRecipient('age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z');
    await expect(sealTo(zero, Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
