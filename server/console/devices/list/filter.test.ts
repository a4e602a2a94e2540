import { describe, expect, it } from 'vitest';
import { columnsOf, filterOf, isNarrowed, listPath, orderOf, setFilters } from './filter.ts';

const CONDITION = { field: 'firewall', op: 'is', value: false } as const;

describe('the device list', () => {
  it('requests the filters in the page address', () => {
    const search = { text: 'عائشہ & co', area: 'PK', connected: false, sort: 'seen' as const };
    expect(listPath(filterOf(search), orderOf(search), 200, 100)).toBe(
      '/devices?text=%D8%B9%D8%A7%D8%A6%D8%B4%DB%81+%26+co&area=PK&connected=false&sort=seen&descending=true&offset=200&limit=100',
    );
  });

  it('requests conditions as JSON, and the columns that are facts', () => {
    const path = listPath(filterOf({ where: [CONDITION] }), orderOf({ sort: 'os.version' }), 0, 1, ['os.version']);
    expect(Object.fromEntries(new URLSearchParams(path.replace('/devices?', '')))).toEqual({
      where: JSON.stringify([CONDITION]),
      sort: 'os.version',
      descending: 'false',
      columns: 'os.version',
      offset: '0',
      limit: '1',
    });
  });

  it('ignores values of the page address that it does not know', () => {
    const search = {
      where: [{ field: 'color', op: 'is', value: 'red' }],
      columns: ['color'],
      sort: 'color',
      compliance: 'x',
    };
    expect([filterOf(search), columnsOf(search), orderOf(search).sort]).toEqual([{}, undefined, 'user']);
  });

  it('starts with names from A to Z, or with the newest dates', () => {
    expect(orderOf({})).toEqual({ sort: 'user', descending: false });
    expect(orderOf({ sort: 'enrolled' })).toEqual({ sort: 'enrolled', descending: true });
    expect(orderOf({ sort: 'enrolled', descending: false }).descending).toBe(false);
  });

  it('counts its active filters', () => {
    expect([isNarrowed(filterOf({})), isNarrowed(filterOf({ text: 'a' }))]).toEqual([false, true]);
    expect(setFilters(filterOf({ lifeCycle: 'missing' }))).toBe(1);
    expect(setFilters(filterOf({ text: 'a', area: 'PK', connected: false, where: [CONDITION] }))).toBe(3);
  });
});
