/**
 * The page that tells anyone which orders bind this service: plain HTML without scripts, readable by a person whose service has just
 * stopped, on any browser, in print and by a screen reader. Pure; every word that came from outside is escaped by `html`.
 * Refusals by an order lead to it as to who blocks (RFC 7725, section 4); each order's heading is an anchor, `#order-NUMBER`, also where no more than
 * number, services and areas are public.
 */
import { createHash } from 'node:crypto';
import { html, type Markup, styleSheet } from '../../shared/html.ts';
import type { OrderAct } from '../../shared/order/documents.ts';
import { areaWords, inLanguages, time } from '../../shared/order/order-html.ts';
import type { History, Standing, Statement, Withheld } from './statements.ts';

const STYLE = `
:root {
  color-scheme: light dark;
  --line: light-dark(#c9ced6, #434a55);
  --soft: light-dark(#4d5562, #b3bac6);
  --panel: light-dark(#f5f6f8, #1d2127);
  --red: light-dark(#9f1d1d, #ffa8a8);
  --blue: light-dark(#174ea6, #9cc2ff);
}
body {
  font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem 1rem 4rem; overflow-wrap: anywhere;
  background: light-dark(#fff, #14171b); color: light-dark(#16191d, #e8eaed);
}
a { color: var(--blue); }
h1 { line-height: 1.25; }
h2 { margin-block: 0 .75rem; line-height: 1.3; }
h3 { font-size: 1rem; margin-block: 1.25rem .25rem; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.25rem; margin-block: 1.25rem; }
article:target { border-color: var(--blue); box-shadow: 0 0 0 2px var(--blue); }
article:has(:target) { border-color: var(--blue); box-shadow: 0 0 0 2px var(--blue); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
.standing { font-weight: 600; }
.in-force { color: var(--red); }
blockquote { border-inline-start: .25rem solid var(--line); margin: .25rem 0; padding-inline-start: 1rem; white-space: pre-line; }
[lang|=ar], [lang|=fa], [lang|=ur] { line-height: 2; }
pre, code { font: .8125rem/1.5 ui-monospace, monospace; }
pre { background: var(--panel); border-radius: .5rem; padding: .75rem 1rem; white-space: pre-wrap; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-block-end: .5rem; }
}
@media print {
  body { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
}
`;

/** For the Content-Security-Policy: this style and no other. */
export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const STANDINGS: Record<Standing, string> = {
  announced: 'Announced, not yet in force',
  'in force': 'In force',
  'on hold': 'On hold: service is not denied by it now',
  ended: 'Ended by its own date',
  withdrawn: 'Withdrawn',
};

const ACTS: Record<OrderAct, string> = {
  propose: 'approved by two people and published',
  revise: 'changed',
  extend: 'given another date',
  hold: 'put on hold',
  release: 'released from its hold',
  exit: 'approved by two people to wipe work data on devices that it denies service, for good',
  withdraw: 'withdrawn',
};

/** Those who look for one that binds them now should not have to pass those that are over. */
const FIRST: readonly Standing[] = ['in force', 'announced', 'on hold', 'ended', 'withdrawn'];

export interface ShownOrder {
  readonly statement: Statement;
  readonly standing: Standing;
  readonly history: History;
}

export interface TransparencyFacts {
  readonly organisation: string;
  readonly orders: readonly ShownOrder[];
  /** Those that the list keeps from the public, by number. */
  readonly withheld: readonly Withheld[];
  /** Of the public root; null before there are approvers. */
  readonly fingerprint: string | null;
  /** The newest checkpoint of the ledger, a signed note; null before the first. */
  readonly checkpoint: string | null;
  /** The key that verifies it. */
  readonly ledgerKey: string;
}

export const TRANSPARENCY_PATH = '/transparency';

/** Where an order stands on the page. */
const orderAnchor = (order: string): string => `order-${order}`;

/** An order's own place on the page, for links: `{order}` stands for its number. */
export const ORDER_ON_PAGE = `${TRANSPARENCY_PATH}#${orderAnchor('{order}')}`;

function article({ statement: { order, terms }, standing, history }: ShownOrder): Markup {
  const { title, areas, services, effective, until, zone, statement, appeal } = terms;
  return html`<article aria-labelledby="${orderAnchor(order)}">
<h2 id="${orderAnchor(order)}">Order ${order}: <bdi>${title}</bdi></h2>
<dl>
<dt>Status</dt><dd class="standing${standing === 'in force' ? ' in-force' : ''}">${STANDINGS[standing]}</dd>
<dt>Areas</dt><dd>${areas.map((area) => areaWords(area, terms)).join(', ')}</dd>
<dt>Services</dt><dd>${services.join(', ')}</dd>
<dt>From</dt><dd>${time(effective, zone)}</dd>
<dt>Until</dt><dd>${until === null ? 'Further notice' : time(until, zone)}</dd>
<dt>Whom to turn to</dt><dd dir="auto">${appeal}</dd>
</dl>
${inLanguages(statement)}${past(history, zone)}</article>
`;
}

function past({ revisions, executions }: History, zone: string): Markup {
  const at = (instant: number) => time(new Date(instant).toISOString(), zone);
  const events = [
    ...revisions.map(({ revision, act, adoptedAt }) => ({
      at: adoptedAt,
      words: `${ACTS[act]} (revision ${revision})`,
    })),
    ...executions.map(({ state, at: when }) => ({
      at: when,
      words: state === 'entered' ? 'came into force' : 'ceased to be in force',
    })),
  ].sort((a, b) => a.at - b.at);
  if (events.length === 0) return html``;
  return html`<h3>History</h3>
<ul>
${events.map(
  ({ at: when, words }) => html`<li>${at(when)}: ${words}</li>
`,
)}</ul>
`;
}

/** What the list says of an order that is kept from the public: whether it is in force is not among it. What the ledger lets one guess is in ADR 20. */
function stub({ order, services, areas }: Withheld): Markup {
  return html`<article aria-labelledby="${orderAnchor(order)}">
<h2 id="${orderAnchor(order)}">Order ${order}: kept from the public</h2>
<p>Nothing else of it is public, by law or until a day that the order names. Whoever has a device can read on it what the order denies them, and whom to
turn to.</p>
<dl>
<dt>Areas</dt><dd>${areas.map((area) => areaWords(area, {})).join(', ')}</dd>
<dt>Services</dt><dd>${services.join(', ')}</dd>
</dl>
</article>
`;
}

function contents(orders: readonly ShownOrder[], withheld: readonly Withheld[]): Markup {
  if (orders.length + withheld.length < 2) return html``;
  return html`<nav aria-label="Orders">
<ul>
${orders.map(
  ({ statement: { order, terms }, standing }) =>
    html`<li><a href="#${orderAnchor(order)}">${order}: <bdi>${terms.title}</bdi></a> (${standing})</li>
`,
)}${withheld.map(
  ({ order }) => html`<li><a href="#${orderAnchor(order)}">${order}: kept from the public</a></li>
`,
)}</ul>
</nav>
`;
}

function checking({ fingerprint, checkpoint, ledgerKey }: TransparencyFacts): Markup {
  const root =
    fingerprint === null
      ? html``
      : html`
<p>An evidence pack of an order is checked, on any machine and without a network, by the fingerprint of this installation’s public root. Have it from
elsewhere than from here: <code>${fingerprint}</code></p>
<pre><code>cordon verify PACK --root FINGERPRINT</code></pre>
`;
  const tree =
    checkpoint === null
      ? html``
      : html`
<p>The ledger is an append-only log in the format of C2SP tlog-tiles. This is its newest checkpoint; keep it, and compare it with what others were shown.
The key that verifies it: <code>${ledgerKey}</code></p>
<pre>${checkpoint}</pre>
<p>Whether a pack is of the same ledger as a checkpoint that you kept, or this page as you saved it:</p>
<pre><code>cordon verify PACK --root FINGERPRINT --checkpoint FILE</code></pre>
<p>The whole ledger, to look through yourself:</p>
<pre><code>cordon ledger copy https://THIS-HOST FOLDER</code></pre>
`;
  return html`<section aria-labelledby="check">
<h2 id="check">How to check this</h2>
<p>This page is made from the <a href="/orders/list">signed list of orders</a>: each order in it carries the signatures of those who approved it, under
the <a href="/orders/roots">roots of approvers</a>, and devices obey nothing else.</p>
${root}${tree}</section>
`;
}

function counted({ length }: readonly Withheld[]): Markup {
  if (length === 0) return html``;
  const words = length === 1 ? 'one further order' : `${length} further orders`;
  return html`<p>Of ${words} the list says no more than number, services and areas, by law or until a day that the order names.</p>
`;
}

export function transparencyPage(facts: TransparencyFacts): string {
  const { organisation, withheld } = facts;
  const orders = [...facts.orders].sort((a, b) => FIRST.indexOf(a.standing) - FIRST.indexOf(b.standing));
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orders that bind this service: ${organisation}</title>
${styleSheet(STYLE)}
</head>
<body>
<main>
<h1>Orders that bind this service</h1>
<p><bdi>${organisation}</bdi> publishes here every order by which its service is, was or will be denied somewhere.</p>
${counted(withheld)}${contents(orders, withheld)}${
  orders.length + withheld.length === 0
    ? html`<p>There is no order.</p>
`
    : [...orders.map(article), ...withheld.map(stub)]
}${checking(facts)}</main>
</body>
</html>
`;
  return page.text;
}
