import { describe, expect, it } from 'vitest';
import { filterOf, isNarrowed, listPath, orderOf, setFilters } from './filter.ts';

describe('the list', () => {
  it('is asked for as the address says', () => {
    const search = { text: 'عائشہ & co', area: 'PK', connected: false, sort: 'seen' as const };
    expect(listPath(filterOf(search), orderOf(search), 200, 100)).toBe(
      '/devices?text=%D8%B9%D8%A7%D8%A6%D8%B4%DB%81+%26+co&area=PK&connected=false&sort=seen&descending=true&offset=200&limit=100',
    );
  });

  it('begins with names, or with what is newest', () => {
    expect(orderOf({})).toEqual({ sort: 'user', descending: false });
    expect(orderOf({ sort: 'enrolled' })).toEqual({ sort: 'enrolled', descending: true });
    expect(orderOf({ sort: 'enrolled', descending: false }).descending).toBe(false);
  });

  it('says what narrows it', () => {
    expect([isNarrowed(filterOf({})), isNarrowed(filterOf({ text: 'a' }))]).toEqual([false, true]);
    expect(setFilters(filterOf({ text: 'a', area: 'PK', connected: false }))).toBe(2);
  });
});
