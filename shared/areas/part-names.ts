/** What ISO 3166-2 calls the parts of countries. Apart from the codes: browsers fetch it with the first page that names places one by one. */
import { type AreaCode, placeOrNull } from './area-code.ts';
import codes from './iso-3166.json' with { type: 'json' };
import names from './iso-3166-names.json' with { type: 'json' };

const BETWEEN = '|';

/** As the codes lie: of each country the parts in one order. */
const namesOf = new Map<string, readonly string[]>(
  Object.entries(names).map(([country, all]) => [country, all.split(BETWEEN)]),
);
const byCode = new Map<string, string>(
  Object.entries(codes).flatMap(([country, parts]) =>
    parts === ''
      ? []
      : parts.split(' ').map((part, at) => [`${country}-${part}`, namesOf.get(country)?.[at] ?? part] as const),
  ),
);

/** `PK-SD` → Sindh, as it is written there. Null for what is no part of a country. */
export function partName(code: string): string | null {
  return byCode.get(code) ?? null;
}

/** Without accents and capitals: as people type it. */
export const plainly = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Parts with a name that holds this text, `most` of them at most. */
export function partsNamed(text: string, most: number): AreaCode[] {
  const sought = plainly(text.trim());
  const found: AreaCode[] = [];
  for (const [code, name] of byCode) {
    // Those that ISO 3166-1 lists as well are places by that code alone.
    const place = plainly(name).includes(sought) ? placeOrNull(code) : null;
    if (place !== null) found.push(place);
    if (found.length === most) break;
  }
  return found;
}
