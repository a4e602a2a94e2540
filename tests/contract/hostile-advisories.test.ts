/** Hostile and damaged files with advisories (OSV): each import is stored or refused with its reason, and never fails in another way. */
import { expect, it } from 'vitest';
import { createAdvisories } from '../../server/inventory/advisories.ts';
import { AdvisoryStore } from '../../server/store/advisory-store.ts';
import type { Database } from '../../server/store/database.ts';
import { SoftwareStore } from '../../server/store/software-store.ts';
import { isCordonError } from '../../shared/errors.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { mutated, seededRandom } from '../support/mutations.ts';
import { describeOnEveryStore } from './every-store.ts';

const FILES = process.env['CORDON_FAULTS'] ? 5_000 : 150;
const SEED = Number(process.env['CORDON_SEED'] ?? 20_261_202);

const advisory = {
  id: 'DSA-5764-1',
  modified: '2026-09-04T00:00:00Z',
  published: '2026-09-03T00:00:00Z',
  summary: 'openssl - security update',
  details: 'Details',
  aliases: ['CVE-2024-6119'],
  upstream: ['CVE-2024-6120'],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1' }] }],
      versions: ['3.0.14-1'],
    },
  ],
};
const [affected] = advisory.affected;
const one = (change: object) => Buffer.from(JSON.stringify({ ...advisory, ...change }));
const inPackage = (change: object) => one({ affected: [{ ...affected, ...change }] });

function importer(database: Database) {
  const advisories = createAdvisories({
    store: new AdvisoryStore(database),
    software: new SoftwareStore(database),
    clock: new DrivenClock(1_790_000_000_000),
  });
  return async (file: Buffer): Promise<string> => {
    try {
      const { read } = await advisories.importFile(file);
      await advisories.list({ text: 'a', cursor: null, limit: 50, scope: null });
      return `read ${read}`;
    } catch (error) {
      if (isCordonError(error)) return error.code;
      throw error;
    }
  };
}

describeOnEveryStore('hostile advisories', (open) => {
  const texts = [
    'a\u0000b',
    'a\ud800b',
    '\udc00',
    '\u202e<script>',
    '../../etc/passwd',
    "'); drop table advisories;--",
  ];
  const fields: readonly [string, (text: string) => Buffer][] = [
    ['the id', (text) => one({ id: text })],
    ['the summary', (text) => one({ summary: text })],
    ['the details', (text) => one({ details: text })],
    ['an alias', (text) => one({ aliases: [text] })],
    ['an upstream id', (text) => one({ upstream: [text] })],
    ['the severity', (text) => one({ severity: [{ type: 'x', score: text }] })],
    ['the ecosystem', (text) => inPackage({ package: { ecosystem: text, name: 'openssl' } })],
    ['the package', (text) => inPackage({ package: { ecosystem: 'Debian:12', name: text } })],
    ['a version', (text) => inPackage({ versions: [text] })],
    ['an event', (text) => inPackage({ ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: text }] }] })],
    ['the date', (text) => one({ modified: text })],
  ];
  it.each(fields)('control characters and half surrogate pairs in %s are removed or refused', async (_name, file) => {
    const read = importer(await open());
    for (const text of texts) expect(await read(file(text))).toMatch(/^(read 1|invalid_input)$/);
  });

  it('one id several times in a file is one advisory, the newest of them', async () => {
    const database = await open();
    const read = importer(database);
    const newer = { ...advisory, summary: 'newer', modified: '2026-09-05T00:00:00Z' };
    expect(await read(Buffer.from(JSON.stringify([newer, advisory, advisory])))).toBe('read 3');
    const rows = await database.db.selectFrom('advisories').select('summary').execute();
    expect(rows).toEqual([{ summary: 'newer' }]);
  });

  it.each<[string, Buffer]>([
    ['the year 0', one({ modified: '0000-01-01T00:00:00Z' })],
    ['the year 9999', one({ modified: '9999-12-31T23:59:59Z', published: '9999-12-31T23:59:59Z' })],
    ['no affected package', one({ affected: [] })],
    ['the name of a prototype as a package', inPackage({ package: { ecosystem: '__proto__', name: 'constructor' } })],
    ['a prototype as a field', Buffer.from(JSON.stringify(advisory).replace('"id"', '"__proto__":{"id":1},"id"'))],
    ['1,000 aliases more than allowed', one({ aliases: Array(1_100).fill('x') })],
    ['5,000 packages', one({ affected: Array(5_000).fill(affected) })],
    ['5,001 packages', one({ affected: Array(5_001).fill(affected) })],
    ['100,000 nested lists', Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
    ['100,000 nested objects', Buffer.from(`[${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}]`)],
    ['200,001 empty elements', Buffer.from(`[${'{},'.repeat(200_000)}{}]`)],
    ['only commas', Buffer.from(`[${','.repeat(100_000)}]`)],
    ['nothing', Buffer.alloc(0)],
    ['a number', Buffer.from('7')],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0xff, 0xfe, 0x5d])],
  ])('%s: stored or refused', async (_name, file) => {
    expect(await importer(await open())(file)).toMatch(/^(read \d+|invalid_input|too_large)$/);
  });

  it(`${FILES} damaged files are stored or refused (seed ${SEED})`, async () => {
    const read = importer(await open());
    const random = seededRandom(SEED);
    const valid = Buffer.from(JSON.stringify([advisory, { ...advisory, id: 'DSA-5765-1' }]));
    const outcomes = new Set<string>();
    for (let file = 0; file < FILES; file += 1) outcomes.add(await read(mutated(valid, random)));
    expect([...outcomes].sort()).toEqual(expect.arrayContaining(['invalid_input', 'read 2']));
  }, 600_000);
});
