/** HTML of an order's text without scripts, for the public page and for evidence packs. */
import { partName } from '../areas/part-names.ts';
import { html, type Markup } from '../html.ts';
import type { OrderTerms } from './documents.ts';
import { nativeLanguageName } from './language-name.ts';
import { authorityIn } from './notice-words/languages.ts';

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function areaName(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? countries.of(area) : partName(area);
  return name ? `${name} (${area})` : area;
}

export function areaWords(area: string, { groups, polygons }: Pick<OrderTerms, 'groups' | 'polygons'>): string {
  const polygon = polygons?.[area];
  if (polygon) return `${polygon.title} (${area}, a polygon in ${polygon.touches.join(', ')})`;
  const members = groups?.[area];
  return members ? `${area}: ${members.map(areaName).join(', ')}` : areaName(area);
}

/** An invalid language tag must not break the page that shows all orders. */
function direction(tag: string): string {
  try {
    return new Intl.Locale(tag).getTextInfo().direction ?? 'auto';
  } catch (error) {
    if (error instanceof RangeError) return 'auto';
    throw error;
  }
}

export function time(instant: string, zone: string): Markup {
  const shown = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone }).format(Date.parse(instant));
  const local = zone === 'UTC' ? '' : `${shown(zone)} (${zone}); `;
  return html`<time datetime="${instant}">${local}${shown('UTC')} UTC</time>`;
}

/** Texts by language, each with the language's own name as its heading. A note marks the authoritative text. */
export function inLanguages(texts: Readonly<Record<string, string>>, authoritative: string | undefined): Markup[] {
  return Object.entries(texts).map(([tag, text]) => {
    const dir = direction(tag);
    return html`<h3 lang="${tag}" dir="${dir}">${nativeLanguageName(tag)}</h3>
<blockquote lang="${tag}" dir="${dir}">${text}</blockquote>
${authority(tag, authoritative)}`;
  });
}

function authority(tag: string, authoritative: string | undefined): Markup {
  const said = authorityIn(tag, authoritative);
  if (!said) return html``;
  return html`<p lang="${said.words.tag}" dir="${said.words.direction}"><small>${said.text}</small></p>
`;
}
