import { describe, expect, it } from 'vitest';
import { filterOf, isNarrowed, listPath, orderOf, setFilters } from './filter.ts';

describe('the device list', () => {
  it('requests the filters in the page address', () => {
    const search = { text: 'عائشہ & co', area: 'PK', connected: false, sort: 'seen' as const };
    expect(listPath(filterOf(search), orderOf(search), 200, 100)).toBe(
      '/devices?text=%D8%B9%D8%A7%D8%A6%D8%B4%DB%81+%26+co&area=PK&connected=false&sort=seen&descending=true&offset=200&limit=100',
    );
  });

  it('starts with names from A to Z, or with the newest dates', () => {
    expect(orderOf({})).toEqual({ sort: 'user', descending: false });
    expect(orderOf({ sort: 'enrolled' })).toEqual({ sort: 'enrolled', descending: true });
    expect(orderOf({ sort: 'enrolled', descending: false }).descending).toBe(false);
  });

  it('counts its active filters', () => {
    expect([isNarrowed(filterOf({})), isNarrowed(filterOf({ text: 'a' }))]).toEqual([false, true]);
    expect(setFilters(filterOf({ text: 'a', area: 'PK', connected: false }))).toBe(2);
  });
});
