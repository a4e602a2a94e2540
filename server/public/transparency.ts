/**
 * The page that tells anyone which orders bind this service: plain HTML without scripts, readable by a person whose service has just
 * stopped, on any browser, in print and by a screen reader. Pure; every word that came from outside is escaped by `html`.
 */
import { createHash } from 'node:crypto';
import type { Standing, Statement } from './statements.ts';

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
article { border-block-start: 1px solid; padding-block: 1rem; }
dt { font-weight: bold; }
dd { margin-inline-start: 0; margin-block-end: .5rem; }
blockquote { border-inline-start: .25rem solid; margin-inline: 0; padding-inline-start: 1rem; white-space: pre-line; }
`;

/** For the Content-Security-Policy: this style and no other. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** Text that is markup already. Only `html` makes it. */
class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

function html(parts: TemplateStringsArray, ...values: readonly (string | Markup | readonly Markup[])[]): Markup {
  const written = values.map((value) => {
    if (typeof value === 'string') return escapeText(value);
    return value instanceof Markup ? value.text : value.map(({ text }) => text).join('');
  });
  return new Markup(parts.map((part, index) => part + (written[index] ?? '')).join(''));
}

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function areaName(area: string): string {
  const name = /^[A-Z]{2}$/.test(area) ? countries.of(area) : undefined;
  return name ? `${name} (${area})` : area;
}

function languageName(tag: string): string {
  return new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
}

function direction(tag: string): string {
  return new Intl.Locale(tag).getTextInfo().direction ?? 'auto';
}

/** As the clocks of the order's own zone show it, and in UTC. */
function time(instant: string, zone: string): Markup {
  const shown = (timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone }).format(Date.parse(instant));
  return html`<time datetime="${instant}">${shown(zone)} (${zone}); ${shown('UTC')} UTC</time>`;
}

const STANDINGS: Record<Standing, string> = {
  announced: 'Announced, not yet in force',
  'in force': 'In force',
  'on hold': 'On hold: service is not denied by it now',
  ended: 'Ended by its own date',
  withdrawn: 'Withdrawn',
};

function article({ order, terms }: Statement, standing: Standing): Markup {
  const { title, areas, services, effective, until, zone, statement, appeal } = terms;
  const statements = Object.entries(statement).map(
    ([tag, text]) =>
      html`<h3 lang="${tag}" dir="${direction(tag)}">${languageName(tag)}</h3>
<blockquote lang="${tag}" dir="${direction(tag)}">${text}</blockquote>
`,
  );
  return html`<article aria-labelledby="order-${order}">
<h2 id="order-${order}">Order ${order}: <bdi>${title}</bdi></h2>
<dl>
<dt>Status</dt><dd>${STANDINGS[standing]}</dd>
<dt>Areas</dt><dd>${areas.map(areaName).join(', ')}</dd>
<dt>Services</dt><dd>${services.join(', ')}</dd>
<dt>From</dt><dd>${time(effective, zone)}</dd>
<dt>Until</dt><dd>${until === null ? 'Further notice' : time(until, zone)}</dd>
</dl>
${statements}<dl><dt>Whom to turn to</dt><dd dir="auto">${appeal}</dd></dl>
</article>
`;
}

export function transparencyPage(
  organisation: string,
  orders: readonly { readonly statement: Statement; readonly standing: Standing }[],
): string {
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orders that bind this service: ${organisation}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<h1>Orders that bind this service</h1>
<p>${organisation} publishes here every order by which its service is, was or will be denied somewhere. The same orders, signed by
those who approved them, are at <a href="/orders/list">/orders/list</a>; what was done is in <a href="/ledger/checkpoint">the ledger</a>.</p>
${orders.length === 0 ? html`<p>There is no order.</p>` : orders.map(({ statement, standing }) => article(statement, standing))}</main>
</body>
</html>
`;
  return page.text;
}
