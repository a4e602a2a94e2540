/** Places to choose from, by name. */
import { AREA_GROUPS, type AreaCode, COUNTRIES, placeOrNull, subdivisionsOf } from '../../../shared/areas/area-code.ts';
import { areaName } from '../../../shared/look/area-words.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

const choice = (code: AreaCode): Choice => ({ value: code, label: `${areaName(code)} (${code})` });
const byName = (a: Choice, b: Choice) => a.label.localeCompare(b.label, 'en');

export const COUNTRY_CHOICES: readonly Choice[] = COUNTRIES.map(choice).sort(byName);
export const GROUP_CHOICES: readonly Choice[] = AREA_GROUPS.map(choice);

/** Whoever types a country and a hyphen (`PK-`) wants its parts: five thousand of them would drown the countries. */
export function subdivisionChoices(typed: string): readonly Choice[] {
  const country = /^([a-z]{2})-/i.exec(typed.trim())?.[1];
  const code = country === undefined ? null : placeOrNull(country.toUpperCase());
  return code === null ? [] : subdivisionsOf(code).map(choice);
}

/** What is chosen already has to be among the choices, whatever is typed. */
export function withChosen(choices: readonly Choice[], chosen: readonly string[]): Choice[] {
  const there = new Set(choices.map(({ value }) => value));
  return [
    ...choices,
    ...chosen.filter((value) => !there.has(value)).map((value) => ({ value, label: `${areaName(value)} (${value})` })),
  ];
}
