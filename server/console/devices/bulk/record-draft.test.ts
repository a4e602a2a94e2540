import { describe, expect, it } from 'vitest';
import { EMPTY_DRAFT, previewFields, type RecordDraft, requestFields } from './record-draft.ts';

const NOW = Date.parse('2026-11-30T00:00:00Z');
const draft = (changes: Partial<RecordDraft>): RecordDraft => ({ ...EMPTY_DRAFT, statedAt: NOW, ...changes });

describe('the fields of a change of placements', () => {
  const place = (changes: Partial<RecordDraft>) => previewFields('place', draft(changes));

  it('are those that the admin changes', () => {
    expect(place({})).toBeNull();
    expect(place({ home: { use: 'area', area: 'SE' } })).toEqual({ change: { home: 'SE' } });
    expect(place({ home: { use: 'group', area: 'SE' }, primary: 'grp_a' })).toEqual({
      change: { home: null, group: 'grp_a' },
    });
    expect(place({ stated: 'end' })).toEqual({ change: { statement: null } });
  });

  it('are null while an area or a part of the statement is missing', () => {
    expect(place({ home: { use: 'area', area: null }, primary: 'grp_a' })).toBeNull();
    const statement = { ...EMPTY_DRAFT.statement, areas: ['NO'] };
    expect(place({ stated: 'state', statement })).toBeNull();
    expect(place({ stated: 'state', statement: { ...statement, reason: ' called in ' } })).toEqual({
      change: { statement: { kind: 'presence', areas: ['NO'], reason: 'called in', until: NOW + 7 * 86_400_000 } },
    });
  });
});

describe('the fields of other actions', () => {
  it('need a group, a label, a reason of the revocation, a reason of the hold, and the texts of lost mode', () => {
    expect(previewFields('add-to-group', draft({}))).toBeNull();
    expect(previewFields('remove-from-group', draft({ group: 'grp_a' }))).toEqual({ group: 'grp_a' });
    expect(previewFields('label', draft({}))).toBeNull();
    expect(previewFields('retire', draft({}))).toEqual({});
    expect(requestFields('revoke', draft({}))).toBeNull();
    expect(requestFields('place-hold', draft({ hold: { reason: ' ', reference: '12' } }))).toBeNull();
    expect(requestFields('place-hold', draft({ hold: { reason: 'Case', reference: ' ' } }))).toEqual({
      reason: 'Case',
    });
    const lost = { reason: ' Left in a train ', contact: 'Call us', days: 7 };
    expect(requestFields('start-lost-mode', draft({ lost }))).toEqual({ ...lost, reason: 'Left in a train' });
    for (const missing of [{ reason: ' ' }, { contact: '' }, { days: '' }]) {
      expect(requestFields('start-lost-mode', draft({ lost: { ...lost, ...missing } }))).toBeNull();
    }
    expect(requestFields('end-lost-mode', draft({}))).toEqual({});
  });
});
