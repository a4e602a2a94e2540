/**
 * Areas of mobile country codes (MCC). Some codes serve several countries (310, 425, …), so evidence with such a code names all of them.
 * International and test codes (901, 001) are not evidence.
 */
import networks from 'mcc-mnc-list';
import { homeAreaOrNull, type LocationArea, territoryArea } from './area-code.ts';

/** Networks that use another country's mobile country code. Their code is therefore no evidence of that country. */
const SQUATTERS: Readonly<Record<string, readonly string[]>> = { '255': ['MD', 'RU'] };

const byMcc = new Map<string, LocationArea[]>();
for (const { mcc, countryCode, status } of networks.all()) {
  if (!countryCode || status === 'Not operational') continue;
  const areas = byMcc.get(mcc) ?? [];
  for (const code of countryCode.split('/')) {
    const area = code === 'GE-AB' ? territoryArea('abkhazia') : homeAreaOrNull(code);
    if (area && !SQUATTERS[mcc]?.includes(code) && !areas.includes(area)) areas.push(area);
  }
  byMcc.set(mcc, areas.sort());
}

/** Sorted areas of a mobile country code; empty for an unknown code, or for a code without a country. */
export function areasOfMcc(mcc: string): readonly LocationArea[] {
  return byMcc.get(mcc) ?? [];
}
