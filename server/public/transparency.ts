/**
 * Transparency page: the signed statement, the report of a period and the public orders of this service, as plain HTML without scripts, for
 * any browser, print and screen readers. A refusal because of an order links to this page (RFC 7725, section 4). The functions are pure, and `html` escapes every value.
 */
import { createHash } from 'node:crypto';
import type { TransparencyReport } from '../../shared/api/transparency.ts';
import { html, type Markup, styleSheet } from '../../shared/html.ts';
import type { OrderAction, OrderTerms } from '../../shared/order/documents.ts';
import { languageNameIn } from '../../shared/order/language-name.ts';
import { areaWords, inLanguages, time } from '../../shared/order/order-html.ts';
import type { ProceedingState } from '../../shared/order/proceedings.ts';
import { proceedingFacts } from '../../shared/order/proceedings-html.ts';
import { exitWords, peopleAffected } from './people-affected.ts';
import { keysSection, requestsSection, statementSection, suspendedDays } from './report-html.ts';
import type { History, PublicState, Statement, Withheld } from './statements.ts';

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
.state { font-weight: 600; }
.active { color: var(--red); }
.absent { color: var(--red); border-inline-start: .25rem solid var(--red); padding-inline-start: 1rem; }
table { border-collapse: collapse; inline-size: 100%; margin-block: 1rem; }
caption { text-align: start; font-weight: 600; padding-block-end: .25rem; }
th, td { border-block-end: 1px solid var(--line); padding: .25rem .5rem .25rem 0; text-align: start; vertical-align: top; }
th { overflow-wrap: normal; }
.number { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
th[scope=row] { white-space: nowrap; font-weight: 400; }
summary { cursor: pointer; padding-block: .25rem; }
details dl { margin-block: .75rem; }
section { margin-block: 1.5rem; }
blockquote { border-inline-start: .25rem solid var(--line); margin: .25rem 0; padding-inline-start: 1rem; white-space: pre-line; }
[lang|=ar], [lang|=fa], [lang|=ur] { line-height: 2; }
pre, code { font: .8125rem/1.5 ui-monospace, monospace; }
pre { background: var(--panel); border-radius: .5rem; padding: .75rem 1rem; white-space: pre-wrap; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  table { font-size: .8125rem; }
  dd { margin-block-end: .5rem; }
}
@media print {
  body { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
}
`;

export const STYLE_HASH = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

const STATES: Record<PublicState, string> = {
  announced: 'Announced, not yet effective',
  active: 'Active',
  paused: 'Paused: the order suspends no service now',
  ended: 'Ended at its end time',
  withdrawn: 'Withdrawn',
};

const ACTION_NAMES: Record<OrderAction, string> = {
  propose: 'approved by two people and published',
  revise: 'changed',
  extend: 'given a new end time',
  pause: 'paused',
  resume: 'resumed',
  exit: 'approved by two people to wipe work data on affected devices for good',
  withdraw: 'withdrawn',
};

const FIRST: readonly PublicState[] = ['active', 'announced', 'paused', 'ended', 'withdrawn'];

export interface ShownOrder {
  readonly statement: Statement;
  readonly state: PublicState;
  readonly history: History;
  readonly proceedings: ProceedingState;
}

export interface TransparencyFacts {
  readonly organization: string;
  readonly orders: readonly ShownOrder[];
  readonly withheld: readonly Withheld[];
  /** Fingerprint of the public root (public keys for auditors); null before the first approver set. */
  readonly fingerprint: string | null;
  /** Newest checkpoint of the ledger, in the format C2SP signed note; null before the first checkpoint. */
  readonly checkpoint: string | null;
  readonly ledgerKey: string;
  /** Report of the chosen period, with the signed statement. */
  readonly report: TransparencyReport;
}

export const TRANSPARENCY_PATH = '/transparency';

const orderAnchor = (order: string): string => `order-${order}`;

/** Pattern of a link to an order on the public transparency page. `{order}`: placeholder for the order's number. */
export const ORDER_ON_PAGE = `${TRANSPARENCY_PATH}#${orderAnchor('{order}')}`;

function article({ statement: { order, terms, exempt, exit }, state, history, proceedings }: ShownOrder): Markup {
  const { title, areas, services, effective, until, zone, statement, appeal } = terms;
  const { authority, addressee, instrument, receivedOn, answerBy, authoritativeLanguage } = terms;
  return html`<article aria-labelledby="${orderAnchor(order)}">
<h2 id="${orderAnchor(order)}">Order ${order}: <bdi>${title}</bdi></h2>
<dl>
<dt>Status</dt><dd class="state${state === 'active' ? ' active' : ''}">${STATES[state]}</dd>
<dt>Areas</dt><dd>${areas.map((area) => areaWords(area, terms)).join(', ')}</dd>
<dt>Services</dt><dd>${services.join(', ')}</dd>
<dt>From</dt><dd>${time(effective, zone)}</dd>
<dt>Until</dt><dd>${until === null ? 'Further notice' : time(until, zone)}</dd>
<dt>Exit</dt><dd>${exitWords(terms, exit)}</dd>
<dt>Appeal</dt><dd dir="auto">${appeal}</dd>
</dl>
<h3>Legal basis</h3>
<dl>
<dt>Authority</dt><dd dir="auto">${authority}</dd>
<dt>Addressee</dt><dd dir="auto">${addressee}</dd>
<dt>Instrument</dt><dd dir="auto">${instrument}</dd>
${authoritativeLanguage === undefined ? html`` : fact('Authoritative text', html`${languageNameIn('en', authoritativeLanguage)}`)}${documents(terms)}${receivedOn === undefined ? html`` : fact('Received', html`${receivedOn} (${zone})`)}${
  answerBy === undefined ? html`` : fact('Answer due', time(answerBy, zone))
}${proceedingFacts(proceedings, { names: false })}</dl>
<h3>People affected</h3>
${peopleAffected(terms, exempt)}${inLanguages(statement, authoritativeLanguage)}${past(history, zone)}</article>
`;
}

const fact = (term: string, words: Markup): Markup => html`<dt>${term}</dt><dd>${words}</dd>
`;

function documents({ documents: listed = [] }: OrderTerms): Markup {
  if (listed.length === 0) return html``;
  return fact(
    'Documents',
    html`${listed.map(({ title, sha256 }) => html`<div><bdi>${title}</bdi>, SHA-256 <code>${sha256}</code></div>`)}`,
  );
}

function past({ revisions, executions }: History, zone: string): Markup {
  const at = (instant: number) => time(new Date(instant).toISOString(), zone);
  const events = [
    ...revisions.map(({ revision, action, adoptedAt }) => ({
      at: adoptedAt,
      words: `${ACTION_NAMES[action]} (revision ${revision})`,
    })),
    ...executions.map(({ state, at: when }) => ({
      at: when,
      words: state === 'active' ? 'took effect' : 'effect ended',
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

/** Public data of a withheld order. The data do not reveal whether the order is effective. ADR 20 lists the facts that the ledger reveals. */
function stub({ order, services, areas }: Withheld): Markup {
  return html`<article aria-labelledby="${orderAnchor(order)}">
<h2 id="${orderAnchor(order)}">Order ${order}: withheld from the public</h2>
<p>The law withholds the rest of this order, or the order names a later day of publication. Users of affected devices can read on their device which services
the order suspends and where to appeal.</p>
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
  ({ statement: { order, terms }, state }) =>
    html`<li><a href="#${orderAnchor(order)}">${order}: <bdi>${terms.title}</bdi></a> (${state})</li>
`,
)}${withheld.map(
  ({ order }) => html`<li><a href="#${orderAnchor(order)}">${order}: withheld from the public</a></li>
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
<p>You can verify an evidence pack of an order on any machine, without a network, with the fingerprint of this installation’s public root. Get the
fingerprint from another source too and compare: <code>${fingerprint}</code></p>
<pre><code>cordon verify PACK --root FINGERPRINT</code></pre>
`;
  const tree =
    checkpoint === null
      ? html``
      : html`
<p>The ledger is an append-only log in the format of C2SP tlog-tiles. This is the newest checkpoint. Save the checkpoint and compare it with those that other people have.
This key verifies the checkpoint: <code>${ledgerKey}</code></p>
<pre>${checkpoint}</pre>
<p>Check that a pack belongs to the same ledger as your saved checkpoint, or as your saved copy of this page:</p>
<pre><code>cordon verify PACK --root FINGERPRINT --checkpoint FILE</code></pre>
<p>Copy the whole ledger to read it yourself:</p>
<pre><code>cordon ledger copy https://THIS-HOST FOLDER</code></pre>
`;
  return html`<section aria-labelledby="check">
<h2 id="check">How to verify these orders</h2>
<p>This page shows the <a href="/orders/list">signed order list</a>. Each order has the signatures of its approvers, whose keys are in the
<a href="/orders/approver-sets">approver sets</a>. Devices obey no other orders.</p>
${root}${tree}</section>
`;
}

function counted({ length }: readonly Withheld[]): Markup {
  if (length === 0) return html``;
  const subject = length === 1 ? 'One further order is' : `${length} further orders are`;
  return html`<p>${subject} withheld from the public: the list shows only number, services and areas.</p>
`;
}

export function transparencyPage(facts: TransparencyFacts): string {
  const { organization, withheld, report } = facts;
  const orders = [...facts.orders].sort((a, b) => FIRST.indexOf(a.state) - FIRST.indexOf(b.state));
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Transparency: ${organization}</title>
${styleSheet(STYLE)}
</head>
<body>
<main>
<h1>Transparency</h1>
<p><bdi>${organization}</bdi> publishes here its signed statement, counts of requests for records, and every order that suspends, suspended or will
suspend its service in an area.</p>
${statementSection(report)}${requestsSection(report)}<h2>Orders that bind this service</h2>
${counted(withheld)}${suspendedDays(report)}${contents(orders, withheld)}${
  orders.length + withheld.length === 0
    ? html`<p>There are no orders.</p>
`
    : [...orders.map(article), ...withheld.map(stub)]
}${keysSection(report)}${checking(facts)}</main>
</body>
</html>
`;
  return page.text;
}
