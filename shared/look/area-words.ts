/** Areas as people call them. Codes stay visible beside names where an order's text is meant. */

import { readAtom } from '../areas/atom.ts';
import regionsOfM49 from '../areas/un-regions.json' with { type: 'json' };

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

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
export function areaName(code: string): string {
  const known = NAMES[code];
  if (known) return known;
  const atom = readAtom(code);
  if (atom) {
    const inside = atom.inside.map((polygon) => areaName(polygon.replace(/@.*$/, '')));
    return `${areaName(atom.place)}${inside.length > 0 ? `, in ${listed(inside)}` : ''}`;
  }
  const kind = OWN_KINDS[code.slice(0, 3)];
  if (kind) return `${sentence(code.slice(3).replaceAll('-', ' '))} (${kind})`;
  if (code.startsWith('XX-')) return `${code.slice(3).split('-').map(sentence).join(' ')} (disputed)`;
  const [country = code, part] = code.split('-');
  const name = /^[A-Z]{2}$/.test(country) ? regions.of(country) : undefined;
  if (!name) return code;
  return part ? `${name}, ${partName(code) ?? part}` : name;
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(items);
