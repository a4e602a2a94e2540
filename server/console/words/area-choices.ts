import type { ComboboxItem, OptionsFilter } from '@mantine/core';
import type { NamedAreaView } from '../../../shared/api/areas.ts';
import {
  AREA_GROUPS,
  areasOutside,
  COUNTRIES,
  homeAreaOrNull,
  parseScopeArea,
  subdivisionsIn,
} from '../../../shared/areas/area-code.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { findParts, unaccented } from '../../../shared/areas/part-names.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

const choice = (code: string): Choice => ({ value: code, label: `${areaName(code)} (${code})` });
const byName = (a: Choice, b: Choice) => a.label.localeCompare(b.label, 'en');

export const COUNTRY_CHOICES: readonly Choice[] = COUNTRIES.map(choice).sort(byName);
export const GROUP_CHOICES: readonly Choice[] = AREA_GROUPS.map(choice).sort(byName);

export function within(limit: readonly string[] | null, choices: readonly Choice[]): readonly Choice[] {
  if (limit === null) return choices;
  const areas = limit.map(parseScopeArea);
  return choices.filter(({ value }) => areasOutside(areas, [parseScopeArea(value)]).length === 0);
}

export const ownChoices = (areas: readonly NamedAreaView[]): readonly Choice[] =>
  areas.map(({ code, title }) => ({ value: code, label: `${title} (${code})` })).sort(byName);

/** Number of letters that a user must type before the search includes subdivisions. */
const ENOUGH = 3;
const MOST_PARTS = 60;

/**
 * Returns the subdivisions that match a typed country code with hyphen (`PK-`) or a part of the name. Returns none for fewer than three
 * letters, because five thousand subdivisions would hide the countries.
 */
export function subdivisionChoices(typed: string): readonly Choice[] {
  const country = /^([a-z]{2})-/i.exec(typed.trim())?.[1];
  const code = country === undefined ? null : homeAreaOrNull(country.toUpperCase());
  if (code !== null) return subdivisionsIn(code).map(choice);
  return typed.trim().length < ENOUGH ? [] : findParts(typed, MOST_PARTS).map(choice).sort(byName);
}

/** Comparison that ignores diacritics, so that `balochistan` finds Balōchistān. */
export const asTyped: OptionsFilter = ({ options, search, limit }) => {
  const sought = unaccented(search.trim());
  let remaining = limit;
  const fits = ({ label }: ComboboxItem) => unaccented(label).includes(sought) && remaining-- > 0;
  return options
    .map((option) => ('items' in option ? { ...option, items: option.items.filter(fits) } : option))
    .filter((option) => ('items' in option ? option.items.length > 0 : fits(option)));
};

/**
 * Adds the selected areas to the choices of a selection field. During a search the choices change, and the field clears every selected
 * value that is not among its choices.
 */
export function withChosen(choices: readonly Choice[], chosen: readonly string[]): Choice[] {
  const there = new Set(choices.map(({ value }) => value));
  return [
    ...choices,
    ...chosen.filter((value) => !there.has(value)).map((value) => ({ value, label: `${areaName(value)} (${value})` })),
  ];
}
