/** Places to choose from, by name. */
import type { ComboboxItem, OptionsFilter } from '@mantine/core';
import type { NamedAreaView } from '../../../shared/api/areas.ts';
import {
  AREA_GROUPS,
  type AreaCode,
  areasBeyond,
  COUNTRIES,
  parseArea,
  placeOrNull,
  subdivisionsOf,
} from '../../../shared/areas/area-code.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { partsNamed, plainly } from '../../../shared/areas/part-names.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

const choice = (code: AreaCode): Choice => ({ value: code, label: `${areaName(code)} (${code})` });
const byName = (a: Choice, b: Choice) => a.label.localeCompare(b.label, 'en');

export const COUNTRY_CHOICES: readonly Choice[] = COUNTRIES.map(choice).sort(byName);
export const GROUP_CHOICES: readonly Choice[] = AREA_GROUPS.map(choice).sort(byName);

/** The choices that lie in the areas of a limited role; null: no limit. */
export function within(limit: readonly string[] | null, choices: readonly Choice[]): readonly Choice[] {
  if (limit === null) return choices;
  const areas = limit.map(parseArea);
  return choices.filter(({ value }) => areasBeyond(areas, [parseArea(value)]).length === 0);
}

/** Groups and polygons of one's own, by the titles that somebody gave them. */
export const ownChoices = (areas: readonly NamedAreaView[]): readonly Choice[] =>
  areas.map(({ code, title }) => ({ value: code, label: `${title} (${code})` })).sort(byName);

/** Letters by which parts of countries are looked for, and how many are shown. */
const ENOUGH = 3;
const MOST_PARTS = 60;

/** By the country and a hyphen (`PK-`), or by name: five thousand of them would drown the countries. */
export function subdivisionChoices(typed: string): readonly Choice[] {
  const country = /^([a-z]{2})-/i.exec(typed.trim())?.[1];
  const code = country === undefined ? null : placeOrNull(country.toUpperCase());
  if (code !== null) return subdivisionsOf(code).map(choice);
  return typed.trim().length < ENOUGH ? [] : partsNamed(typed, MOST_PARTS).map(choice).sort(byName);
}

/** As people type: `balochistan` finds Balōchistān. */
export const asTyped: OptionsFilter = ({ options, search, limit }) => {
  const sought = plainly(search.trim());
  let left = limit;
  const fits = ({ label }: ComboboxItem) => plainly(label).includes(sought) && left-- > 0;
  return options
    .map((option) => ('items' in option ? { ...option, items: option.items.filter(fits) } : option))
    .filter((option) => ('items' in option ? option.items.length > 0 : fits(option)));
};

/** What is chosen already has to be among the choices, whatever is typed. */
export function withChosen(choices: readonly Choice[], chosen: readonly string[]): Choice[] {
  const there = new Set(choices.map(({ value }) => value));
  return [
    ...choices,
    ...chosen.filter((value) => !there.has(value)).map((value) => ({ value, label: `${areaName(value)} (${value})` })),
  ];
}
