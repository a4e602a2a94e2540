/** Particulars that a leaf keeps from the public: two leaves look alike, and only what it commits to opens one. */
import { expect, it } from 'vitest';
import { keepParticulars, openParticulars } from './kept-particulars.ts';
import { type LeafDraft, leafSchema } from './leaf.ts';
import { makeLeaf } from './make-leaf.ts';

const PARTICULARS = { order: '2026-001', revision: 2, state: 'entered' };
const made = (draft: Pick<LeafDraft, 'subject' | 'public'>, kind: LeafDraft['kind'] = 'order.executed') => {
  const { body, opening } = makeLeaf({ kind, at: 7, ...draft });
  if (!opening) throw new Error('the leaf commits to something');
  return { leaf: leafSchema.parse(JSON.parse(body)), opening };
};

it('shows nothing, and is opened by what it commits to alone', () => {
  const { leaf, opening } = made(keepParticulars(PARTICULARS));
  const other = made(keepParticulars({ order: '2026-002', revision: 9, destroyed: 'a'.repeat(64) }));
  expect({ ...leaf, subject: null }).toEqual({ ...other.leaf, subject: null });
  expect(openParticulars(leaf, opening)).toEqual(PARTICULARS);
  for (const wrong of [
    other.opening,
    { ...opening, salt: other.opening.salt },
    { ...opening, subject: opening.subject.replace('entered', 'left') },
  ]) {
    expect(() => openParticulars(leaf, wrong)).toThrow(expect.objectContaining({ code: 'proof_invalid' }));
  }
});

it('is no way to open what another leaf commits to', () => {
  const others = [
    made({ subject: keepParticulars(PARTICULARS).subject, public: { order: '2026-001' } }),
    made(keepParticulars(PARTICULARS), 'order.exited'),
    made({ subject: 'dev_abcdefghijklmnop', public: {} }),
    made({ subject: '{"state":"entered","order":"2026-001"}', public: {} }),
    made({ subject: '{"order":["2026-001"]}', public: {} }),
  ];
  for (const { leaf, opening } of others) {
    expect(() => openParticulars(leaf, opening)).toThrow(expect.objectContaining({ code: 'proof_invalid' }));
  }
});
