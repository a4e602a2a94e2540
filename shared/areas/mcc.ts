/**
 * Mobile country codes → areas. Some codes serve several countries (310, 425, …): evidence of such a network holds them all, and
 * another source may narrow it. International and test codes (901, 001) say nothing.
 */
import networks from 'mcc-mnc-list';
import { type AreaCode, groundArea, placeOrNull } from './area-code.ts';

/** Networks that use a code which is another country's and not theirs: they say nothing of where that code is at home. */
const SQUATTERS: Readonly<Record<string, readonly string[]>> = { '255': ['MD', 'RU'] };

const byMcc = new Map<string, AreaCode[]>();
for (const { mcc, countryCode, status } of networks.all()) {
  if (!countryCode || status === 'Not operational') continue;
  const areas = byMcc.get(mcc) ?? [];
  for (const code of countryCode.split('/')) {
    const area = code === 'GE-AB' ? groundArea('abkhazia') : placeOrNull(code);
    if (area && !SQUATTERS[mcc]?.includes(code) && !areas.includes(area)) areas.push(area);
  }
  byMcc.set(mcc, areas.sort());
}

/** Sorted; empty for a code that is unknown or belongs to no country. */
export function areasOfMcc(mcc: string): readonly AreaCode[] {
  return byMcc.get(mcc) ?? [];
}
