/** Records of answers and appeals in a pack, against the entries of the ledger. */
import { expect, it } from 'vitest';
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import { canonicalText, encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { ProceedingRecord } from '../order/proceedings.ts';
import { newPersonId } from '../protocol/ids.ts';
import { checkProceedings } from './check-proceedings.ts';
import { Findings } from './findings.ts';
import { PROCEEDINGS } from './format.ts';

const [installation, order] = ['ins_test', '2015-001'];
const person = newPersonId();
const document = { title: 'Reply.pdf', mediaType: 'application/pdf', bytes: 5, sha256: 'a'.repeat(64) };
const record = (number: number, more: Partial<ProceedingRecord> = {}): ProceedingRecord => ({
  installation,
  order,
  number,
  recordedBy: person,
  recordedAt: '2015-11-26T05:00:00.000Z',
  salt: 'b'.repeat(64),
  proceeding: { kind: 'answer', on: '2015-11-26', by: 'Sana Malik', document },
  ...more,
});
const [first, second] = [record(1), record(2)];

function logged(records: readonly ProceedingRecord[]) {
  return records.map((each, index) => {
    const particulars = { order, record: each.number, digest: sha256(canonicalText(each)) };
    const entry: LedgerEntry = { kind: 'order.proceeding', at: 1, subject: null, public: particulars };
    return { index, entry, particulars };
  });
}

function checked(records: readonly ProceedingRecord[] | null, entries: readonly ProceedingRecord[]) {
  const say = new Findings();
  const files = new Map(records ? [[PROCEEDINGS, Buffer.from(encodeCanonical(records))]] : []);
  const read = checkProceedings(files, { installation, order, entries: logged(entries) }, say);
  const of = (wanted: string) => say.all.filter(({ verdict }) => verdict === wanted).map(({ words }) => words);
  return { read, failed: of('failed'), proven: of('proven'), unproven: of('unproven') };
}

it('proves that the ledger contains the digest of each record, and names the source of each statement', () => {
  const { read, failed, proven, unproven } = checked([first, second], [first, second]);
  expect([read, failed]).toEqual([[first, second], []]);
  expect(proven[0]).toContain('“Answered on 2015-11-26 by Sana Malik”, with “Reply.pdf”');
  expect(unproven).toEqual([expect.stringContaining('as the operator recorded them')]);
});

it('says nothing of an order without records', () => {
  expect(checked(null, [])).toEqual({ read: [], failed: [], proven: [], unproven: [] });
});

const later = { proceeding: { kind: 'answer', on: '2015-11-27', by: 'Sana Malik', document } } as const;
it.each<[string, ProceedingRecord[] | null, ProceedingRecord[], RegExp]>([
  ['a record with another date', [record(1, later)], [first], /record 1 differs from the ledger’s commitment/],
  ['a record that was taken out', [first], [first, second], /lacks record 2/],
  ['all records taken out', null, [first], /lacks record 1/],
  ['a record that was added', [first, second], [first], /record 2 differs/],
  ['records in another order', [second, first], [first, second], /record 2 is out of order/],
  ['a record of another order', [record(1, { order: '2015-002' })], [first], /about another order/],
])('fails for %s', (_, records, entries, words) => {
  const { read, failed } = checked(records, entries);
  expect(read).toEqual([]);
  expect(failed.join('\n')).toMatch(words);
});
