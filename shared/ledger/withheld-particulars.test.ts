/** Particulars that an entry withholds from the public. Two such entries look alike, and only the committed particulars match an entry. */
import { expect, it } from 'vitest';
import { type EntryDraft, entrySchema } from './ledger-entry.ts';
import { makeEntry } from './make-entry.ts';
import { openParticulars, withholdParticulars } from './withheld-particulars.ts';

const PARTICULARS = { order: '2026-001', revision: 2, state: 'active' };
const made = (draft: Pick<EntryDraft, 'subject' | 'public'>, kind: EntryDraft['kind'] = 'order.executed') => {
  const { body, opening } = makeEntry({ kind, at: 7, ...draft });
  if (!opening) throw new Error('the entry commits to something');
  return { entry: entrySchema.parse(JSON.parse(body)), opening };
};

it('an entry withholds its particulars, and only the matching opening reveals them', () => {
  const { entry, opening } = made(withholdParticulars(PARTICULARS));
  const other = made(withholdParticulars({ order: '2026-002', revision: 9, destroyed: 'a'.repeat(64) }));
  expect({ ...entry, subject: null }).toEqual({ ...other.entry, subject: null });
  expect(openParticulars(entry, opening)).toEqual(PARTICULARS);
  for (const wrong of [
    other.opening,
    { ...opening, salt: other.opening.salt },
    { ...opening, subject: opening.subject.replace('active', 'inactive') },
  ]) {
    expect(() => openParticulars(entry, wrong)).toThrow(expect.objectContaining({ code: 'proof_invalid' }));
  }
});

it('an opening of one entry does not open another', () => {
  const others = [
    made({ subject: withholdParticulars(PARTICULARS).subject, public: { order: '2026-001' } }),
    made(withholdParticulars(PARTICULARS), 'order.exited'),
    made({ subject: 'dev_abcdefghijklmnop', public: {} }),
    made({ subject: '{"state":"active","order":"2026-001"}', public: {} }),
    made({ subject: '{"order":["2026-001"]}', public: {} }),
  ];
  for (const { entry, opening } of others) {
    expect(() => openParticulars(entry, opening)).toThrow(expect.objectContaining({ code: 'proof_invalid' }));
  }
});
