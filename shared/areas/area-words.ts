/** Names of areas for people. An order's text shows the code beside the name. */
import { readPolygons } from './evidence-text.ts';
import regionsOfM49 from './un-regions.json' with { type: 'json' };

const displayNames = new Map<string, Intl.DisplayNames>();

/** Name of an ISO 3166-1 country, or of a region in the United Nations' M49 standard. */
function regionName(code: string, language: string): string | undefined {
  if (!/^([A-Z]{2}|\d{3})$/.test(code)) return undefined;
  const regions = displayNames.get(language) ?? new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
  displayNames.set(language, regions);
  return regions.of(code);
}

const NAMES: Readonly<Record<string, string>> = {
  EU: 'European Union',
  EEA: 'European Economic Area',
  EFTA: 'European Free Trade Association',
  GCC: 'Gulf Cooperation Council',
  ...Object.fromEntries(Object.entries(regionsOfM49).map(([code, { name }]) => [`UN-${code}`, name])),
};
/** Names of subdivisions. The console loads them after its first page; until then, a subdivision's code replaces its name. */
let partName: (code: string) => string | null = () => null;

export function setPartNames(by: typeof partName): void {
  partName = by;
}

const OWN_KINDS: Readonly<Record<string, string>> = { 'XG-': 'group', 'XZ-': 'polygon' };

/**
 * Name of an area: `PK` → Pakistan, `PK-SD` → Pakistan, Sindh; `XX-crimea` → Crimea (disputed), `UN-034` → Southern Asia, `XZ-lahore` →
 * Lahore (polygon). With polygons: `PK-PB+XZ-lahore@2` → Pakistan, Panjāb, in Lahore (polygon).
 */
export const areaName = (code: string): string => areaNameIn(code, 'en');

/**
 * Name of an area in a language. `language` is a BCP 47 tag. Countries and the United Nations' regions have names in each language, other
 * areas only in English.
 */
export function areaNameIn(code: string, language: string): string {
  const known = NAMES[code];
  if (known) return (language === 'en' ? undefined : regionName(code.replace(/^UN-/, ''), language)) ?? known;
  const parts = readPolygons(code);
  if (parts) {
    const inside = parts.inside.map((polygon) => areaNameIn(polygon.replace(/@.*$/, ''), language));
    return `${areaNameIn(parts.location, language)}${inside.length > 0 ? `, in ${listed(inside)}` : ''}`;
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

/** English list of words: `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string => listedIn(items, 'en');

export const listedIn = (items: readonly string[], language: string): string =>
  new Intl.ListFormat(language, { type: 'conjunction' }).format(items);
