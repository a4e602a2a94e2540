/** What an order says, as parts of a page without scripts: the public page and the summary in a pack show the same words. Pure. */
import { partName } from '../areas/part-names.ts';
import { html, type Markup } from '../html.ts';
import type { OrderTerms } from './documents.ts';
import { ownName } from './own-name.ts';

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function areaName(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? countries.of(area) : partName(area);
  return name ? `${name} (${area})` : area;
}

/** What an order means by a group or a polygon stands in the order. */
export function areaWords(area: string, { groups, polygons }: Pick<OrderTerms, 'groups' | 'polygons'>): string {
  const polygon = polygons?.[area];
  if (polygon) return `${polygon.title} (${area}, a polygon in ${polygon.touches.join(', ')})`;
  const members = groups?.[area];
  return members ? `${area}: ${members.map(areaName).join(', ')}` : areaName(area);
}

/** A page of all orders must not fail over one tag. */
function direction(tag: string): string {
  try {
    return new Intl.Locale(tag).getTextInfo().direction ?? 'auto';
  } catch (error) {
    if (error instanceof RangeError) return 'auto';
    throw error;
  }
}

/** As the clocks of the order's own zone show it, and in UTC. */
export function time(instant: string, zone: string): Markup {
  const shown = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone }).format(Date.parse(instant));
  const local = zone === 'UTC' ? '' : `${shown(zone)} (${zone}); `;
  return html`<time datetime="${instant}">${local}${shown('UTC')} UTC</time>`;
}

/** Each text under its language's own name, in its own direction. */
export function inLanguages(texts: Readonly<Record<string, string>>): Markup[] {
  return Object.entries(texts).map(([tag, text]) => {
    const dir = direction(tag);
    return html`<h3 lang="${tag}" dir="${dir}">${ownName(tag)}</h3>
<blockquote lang="${tag}" dir="${dir}">${text}</blockquote>
`;
  });
}
