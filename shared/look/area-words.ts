/** Areas as people call them. Codes stay visible beside names where an order's text is meant. */

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

const NAMES: Readonly<Record<string, string>> = {
  EU: 'European Union',
  EEA: 'European Economic Area',
  EFTA: 'European Free Trade Association',
  GCC: 'Gulf Cooperation Council',
};

/** `PK` → Pakistan, `PK-SD` → Pakistan, SD; `XX-crimea` → Crimea (disputed). */
export function areaName(code: string): string {
  const known = NAMES[code];
  if (known) return known;
  if (code.startsWith('XX-')) return `${code.slice(3).split('-').map(sentence).join(' ')} (disputed)`;
  const [country = code, part] = code.split('-');
  const name = /^[A-Z]{2}$/.test(country) ? regions.of(country) : undefined;
  if (!name) return code;
  return part ? `${name}, ${part}` : name;
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(items);
