import { expect, it } from 'vitest';
import { SECTIONS } from '../../shared/inventory/sections.ts';
import { markDisplayed, nextSettings, reportedSections, undisplayed } from './collection-settings.ts';

it('reports everything that the first settings allow', () => {
  const first = nextSettings(null, ['users'], 1);
  expect([...reportedSections(first)]).toEqual(SECTIONS.filter((section) => section !== 'users'));
  expect(first.changedAt).toBeNull();
});

it('reports a section that is on again only after it was displayed, with the date', () => {
  const first = nextSettings(null, ['users', 'battery'], 1);
  const widened = nextSettings(first, ['battery'], 2);
  expect(undisplayed(widened)).toEqual(['users']);
  expect(reportedSections(widened).has('users')).toBe(false);
  expect(nextSettings(widened, ['battery'], 3)).toEqual(widened);
  const displayed = markDisplayed(widened, 4);
  expect(reportedSections(displayed).has('users')).toBe(true);
  expect(displayed.widened).toEqual([{ section: 'users', at: 2, displayedAt: 4 }]);
});

it('switches a section off at once, and needs a new display after that', () => {
  const displayed = markDisplayed(nextSettings(nextSettings(null, ['users'], 1), [], 2), 3);
  const off = nextSettings(displayed, ['users'], 4);
  expect([off.widened, off.changedAt, reportedSections(off).has('users')]).toEqual([[], 4, false]);
  expect(undisplayed(nextSettings(off, [], 5))).toEqual(['users']);
});

it('treats a section that a new version of the agent adds like one that was switched on', () => {
  const stored = { ...nextSettings(null, [], 1), known: SECTIONS.filter((section) => section !== 'certificates') };
  expect(undisplayed(nextSettings(stored, [], 2))).toEqual(['certificates']);
});

it('never switches the section off by which admins recognize a device', () => {
  expect(reportedSections(nextSettings(null, ['system'], 1)).has('system')).toBe(true);
});
