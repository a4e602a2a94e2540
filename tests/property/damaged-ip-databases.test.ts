/** Files in MMDB format with seeded changes: each is refused with its reason, or every lookup in it returns. */
import { expect, it } from 'vitest';
import { openMmdb } from '../../server/jurisdiction/ip-database.ts';
import { checkMmdb } from '../../server/jurisdiction/mmdb-check.ts';
import { KNOWN_ADDRESSES, writeMmdb } from '../support/mmdb-writer.ts';
import { mutated, seededRandom } from '../support/mutations.ts';

const FILES = process.env['CORDON_FAULTS'] ? 50_000 : 1_000;
const SEED = Number(process.env['CORDON_SEED'] ?? 20_261_202);
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

const records = KNOWN_ADDRESSES.map(([address, iso_code]) => [
  address,
  { country: { iso_code, names: { en: 'A country' } }, registered_country: { iso_code } },
]);
const valid = writeMmdb(Object.fromEntries(records), Date.UTC(2026, 10, 1));
const ADDRESSES = [...KNOWN_ADDRESSES.map(([address]) => address), '8.8.8.8', '255.255.255.255', '2001:db8::1', '::'];

/** Result of an import: `used`, or the message of the refusal. Any other error fails the test. */
async function outcome(bytes: Buffer): Promise<string> {
  try {
    await checkMmdb(bytes);
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  try {
    const { builtAt, lookUp } = openMmdb(bytes);
    for (const address of ADDRESSES) lookUp(address);
    expect(Number.isSafeInteger(builtAt)).toBe(true);
    return 'used';
  } catch (error) {
    expect(error).toMatchObject({ code: 'ip_database_invalid' });
    return (error as Error).message;
  }
}

/** The file with changes in one part, so that the others stay readable. */
function damaged(random: (limit: number) => number): Buffer {
  const marker = valid.lastIndexOf(MARKER);
  const separator = valid.indexOf(Buffer.alloc(16), 6);
  const parts = [valid.subarray(0, separator), valid.subarray(separator, marker), valid.subarray(marker)];
  const at = random(parts.length);
  return Buffer.concat(parts.map((part, index) => (index === at ? mutated(part, random) : part)));
}

it(`${FILES} damaged databases are refused or usable (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  expect(await outcome(valid)).toBe('used');
  const outcomes = new Set<string>();
  for (let file = 0; file < FILES; file += 1) outcomes.add(await outcome(damaged(random)));
  expect(outcomes.size).toBeGreaterThan(10);
  expect(outcomes).toContain('used');
}, 600_000);

it('a database cut at any byte is refused', async () => {
  const step = Math.ceil(valid.length / 500);
  for (let end = 0; end < valid.length; end += step) expect(await outcome(valid.subarray(0, end))).not.toBe('used');
});
