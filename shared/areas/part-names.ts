/** Names of subdivisions from ISO 3166-2, separate from the codes, so that browsers load them only when a page needs them. */
import { type HomeArea, homeAreaOrNull } from './area-code.ts';
import codes from './iso-3166.json' with { type: 'json' };
import names from './iso-3166-names.json' with { type: 'json' };

const BETWEEN = '|';

/** Names of each country's subdivisions, in the same sequence as the codes. */
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

/** Name of a subdivision: `PK-SD` → Sindh. Null for other codes. */
export function partName(code: string): string | null {
  return byCode.get(code) ?? null;
}

/** Lower case without accents, as users type in a search. */
export const unaccented = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Subdivisions with a name that contains the text. `most` is the maximum number of results. */
export function findParts(text: string, most: number): HomeArea[] {
  const sought = unaccented(text.trim());
  const found: HomeArea[] = [];
  for (const [code, name] of byCode) {
    // Subdivisions that have an ISO 3166-1 code of their own are omitted, because a home area uses that code.
    const area = unaccented(name).includes(sought) ? homeAreaOrNull(code) : null;
    if (area !== null) found.push(area);
    if (found.length === most) break;
  }
  return found;
}
