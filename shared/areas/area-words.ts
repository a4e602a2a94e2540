/** Areas as people call them. Codes stay visible beside names where an order's text is meant. */
import { readAtom } from './atom.ts';
import regionsOfM49 from './un-regions.json' with { type: 'json' };

const kept = new Map<string, Intl.DisplayNames>();

/** Of ISO 3166-1, or a region of the United Nations' M49. */
function regionName(code: string, language: string): string | undefined {
  if (!/^([A-Z]{2}|\d{3})$/.test(code)) return undefined;
  const regions = kept.get(language) ?? new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
  kept.set(language, regions);
  return regions.of(code);
}

const NAMES: Readonly<Record<string, string>> = {
  EU: 'European Union',
  EEA: 'European Economic Area',
  EFTA: 'European Free Trade Association',
  GCC: 'Gulf Cooperation Council',
  ...Object.fromEntries(Object.entries(regionsOfM49).map(([code, { name }]) => [`UN-${code}`, name])),
};
/** What the first page of the console leaves to those that come after it; until then a part goes by its code. */
let partName: (code: string) => string | null = () => null;

export function nameParts(by: typeof partName): void {
  partName = by;
}

const OWN_KINDS: Readonly<Record<string, string>> = { 'XG-': 'group', 'XZ-': 'polygon' };

/**
 * `PK` → Pakistan, `PK-SD` → Pakistan, Sindh; `XX-crimea` → Crimea (disputed), `UN-034` → Southern Asia, `XZ-lahore` → Lahore (polygon). Of what a
 * position says of polygons those that it lies in: `PK-PB+XZ-lahore@2` → Pakistan, Panjāb, in Lahore
 * (polygon).
 */
export const areaName = (code: string): string => areaNameIn(code, 'en');

/** `language`: a BCP 47 tag. Countries and the United Nations' regions have a name in each, all else has an English one. */
export function areaNameIn(code: string, language: string): string {
  const known = NAMES[code];
  if (known) return (language === 'en' ? undefined : regionName(code.replace(/^UN-/, ''), language)) ?? known;
  const atom = readAtom(code);
  if (atom) {
    const inside = atom.inside.map((polygon) => areaNameIn(polygon.replace(/@.*$/, ''), language));
    return `${areaNameIn(atom.place, language)}${inside.length > 0 ? `, in ${listed(inside)}` : ''}`;
  }
  const kind = OWN_KINDS[code.slice(0, 3)];
  if (kind) return `${sentence(code.slice(3).replaceAll('-', ' '))} (${kind})`;
  if (code.startsWith('XX-')) return `${code.slice(3).split('-').map(sentence).join(' ')} (disputed)`;
  const [country = code, part] = code.split('-');
  const name = regionName(country, language);
  if (!name) return code;
  return part ? `${name}, ${partName(code) ?? part}` : name;
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string => listedIn(items, 'en');

/** `language`: a BCP 47 tag. */
export const listedIn = (items: readonly string[], language: string): string =>
  new Intl.ListFormat(language, { type: 'conjunction' }).format(items);
