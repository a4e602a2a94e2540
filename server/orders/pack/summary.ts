/**
 * The summary of a pack for people: one page of HTML that needs nothing else, to be read on a screen or printed. It shows what the pack holds in
 * words; what counts is the signed documents beside it. Pure; every word that came from outside is escaped by `html`.
 */
import { html, type Markup, styleSheet } from '../../../shared/html.ts';
import { attestationWords } from '../../../shared/order/attestation.ts';
import { describeRevision, MOMENT_WORDS } from '../../../shared/order/describe-revision.ts';
import { type Approvers, type OrderTerms, RECEIPT_KINDS } from '../../../shared/order/documents.ts';
import { noticeCountWords } from '../../../shared/order/notice-times.ts';
import { inLanguages, time } from '../../../shared/order/order-html.ts';
import { type Destruction, EXIT_OUTCOMES, sumOf } from '../../../shared/pack/destruction.ts';
import { destroyedWords, KEPT, OUTCOME_WORDS, REMAINING } from '../../../shared/pack/destruction-words.ts';
import type { Execution } from '../executions.ts';
import type { RevisionRow } from '../ports.ts';
import { readPayload } from '../views.ts';
import type { Noticed } from './noticed.ts';

export interface SummaryFacts {
  readonly organisation: string;
  readonly installation: string;
  /** Of the public root. */
  readonly fingerprint: string;
  readonly pack: string;
  readonly order: string;
  /** The newest approver set. */
  readonly approvers: Approvers;
  readonly madeAt: string;
  /** Oldest first. */
  readonly revisions: readonly RevisionRow[];
  readonly executions: readonly Execution[];
  /** How many devices have said each. */
  readonly said: Readonly<Record<(typeof RECEIPT_KINDS)[number], number>>;
  /** Of the date that stands, in the order of the plan. */
  readonly notices: readonly Noticed[];
  readonly answered: number;
  readonly reached: number;
  readonly silent: number;
  /** Null while no exit was approved. */
  readonly destruction: Destruction | null;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; inline-size: 100%; }
th, td { text-align: start; vertical-align: top; padding: .35rem .75rem .35rem 0; border-block-start: 1px solid; }
th[scope=row] { inline-size: 12rem; font-weight: 600; }
blockquote { border-inline-start: .25rem solid; margin-inline: 0; padding-inline-start: 1rem; white-space: pre-line; }
[lang=ur], [lang=fa], [lang=ar] { line-height: 1.9; }
code { font-size: .875em; }
@media print {
  @page { margin: 18mm; }
  body { font-size: 10pt; max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  tr, blockquote { break-inside: avoid; }
}
@media (max-width: 40rem) { th[scope=row] { inline-size: 8rem; } }
`;

const SAID: Readonly<Record<(typeof RECEIPT_KINDS)[number], string>> = {
  informed: 'have stored the order',
  shown: 'say that they displayed it to somebody',
  enforced: 'have closed what it names',
  restored: 'have opened it again',
  wiped: 'say that they wiped the work data on them',
};

export function summaryPage(facts: SummaryFacts): string {
  const { organisation, order, revisions } = facts;
  const shown = revisions.findLast(({ state }) => state === 'adopted') ?? revisions.at(-1);
  if (!shown) throw new Error(`order ${order} has no revision`);
  const { lines, document } = describeRevision(shown.payload, { order, revision: shown.revision });
  const { terms } = document;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Order ${order}: evidence</title>
${styleSheet(STYLE)}
</head>
<body>
<main>
<h1>Order ${order}: <bdi>${terms.title}</bdi></h1>
<p>What <bdi>${organisation}</bdi> can show of this order, put together at ${facts.madeAt} as pack <code>${facts.pack}</code>. This page says in words
what the signed documents beside it hold; they count, and not this page.</p>
${words(terms)}
<h2>What it says</h2>
<p>Revision ${shown.revision}${shown.state === 'adopted' ? '' : ', which nobody has put in force'}, from the exact text that was signed.</p>
<table>
${lines
  .filter(({ language }) => language === undefined)
  .map(
    ({ label, value }) => html`<tr><th scope="row">${label}</th><td dir="auto">${value}</td></tr>
`,
  )}</table>
<h2>Who decided, and when</h2>
<p>Approver set ${facts.approvers.version}. ${attestationWords(facts.approvers)}</p>
${revisions.map((row) => history(row, terms.zone))}${entered(facts.executions, terms.zone)}
<h2>What devices say</h2>
<p>${facts.answered} devices have answered. Each answer is signed by the device’s own key. Devices stand here by handles of this pack alone.</p>
<table>
${RECEIPT_KINDS.map(
  (kind) => html`<tr><th scope="row">${facts.said[kind]}</th><td>${SAID[kind]}</td></tr>
`,
)}<tr><th scope="row">${facts.silent} of ${facts.reached}</th><td>that the order reached when it came into force, or would when this was put together, have never answered (the server’s own word)</td></tr>
</table>
${noticed(facts.notices)}${destroyed(facts.destruction)}<h2>How to check this</h2>
<p>On any machine, without a network: <code>cordon verify PACK --root ${facts.fingerprint}</code>. Take the fingerprint of the public root from elsewhere than
from here: it names installation <code>${facts.installation}</code>. The command says of each thing whether it is proven, and what no pack can prove.</p>
</main>
</body>
</html>
`;
  return page.text;
}

function words({ statement, notice, appeal }: OrderTerms): Markup {
  const told = notice
    ? html`<h2>What people are told on their devices</h2>
${inLanguages(notice)}`
    : html``;
  return html`<h2>The public statement</h2>
${inLanguages(statement)}${told}<p><strong>Whom to turn to:</strong> <bdi>${appeal}</bdi></p>
`;
}

function noticed(notices: readonly Noticed[]): Markup {
  if (notices.length === 0) return html``;
  return html`<h3>Notices to people, for the date that stands</h3>
<p>By each device’s own time. Later than that: by more than a tenth of the time that was to be left, which is 3 days for 30 days before.</p>
<table>
${notices.map(
  ({
    moment,
    ...count
  }) => html`<tr><th scope="row">${MOMENT_WORDS[moment]}</th><td>${noticeCountWords(count)}</td></tr>
`,
)}</table>
`;
}

function destroyed(destruction: Destruction | null): Markup {
  if (!destruction) return html``;
  const { revision, adoptedAt, devices } = destruction;
  return html`<h2>Certificate of destruction</h2>
<p>Revision ${revision} was approved at ${adoptedAt}: work data is wiped, for good, on devices that the order denies service.</p>
<table>
${EXIT_OUTCOMES.map(
  (
    outcome,
  ) => html`<tr><th scope="row">${devices.filter((each) => each.outcome === outcome).length} devices</th><td>${OUTCOME_WORDS[outcome]}</td></tr>
`,
)}${REMAINING.map(
  ({ field, words }) => html`<tr><th scope="row">${destruction[field]} devices</th><td>${words}</td></tr>
`,
)}</table>
<h3>Destroyed at the server</h3>
<table>
${destroyedWords(sumOf(devices.map((each) => each.destroyed))).map(
  ({ what, rule }) => html`<tr><th scope="row">${what}</th><td>${rule}</td></tr>
`,
)}</table>
<h3>Kept, and why</h3>
<table>
${KEPT.map(
  ({ what, why }) => html`<tr><th scope="row">${what}</th><td>${why}</td></tr>
`,
)}</table>
`;
}

function history(row: RevisionRow, zone: string): Markup {
  const { revision, proposer, proposedAt, adoptedAt, approvals, state } = row;
  const at = (instant: number) => time(new Date(instant).toISOString(), zone);
  const given = approvals.map(
    ({
      person,
      keyid,
      approvedAt,
    }) => html`<li>approved by ${person} with key <code>${keyid.slice(0, 12)}…</code>: ${at(approvedAt)}</li>
`,
  );
  return html`<h3>Revision ${revision} (${readPayload(row.payload).act})</h3>
<ul>
<li>proposed by ${proposer}: ${at(proposedAt)}</li>
${given}<li>${adoptedAt === null ? html`never adopted: ${state}` : html`adopted: ${at(adoptedAt)}`}</li>
</ul>
`;
}

function entered(executions: readonly Execution[], zone: string): Markup {
  if (executions.length === 0)
    return html`<p>The order has never been in force.</p>
`;
  return html`<h3>In force</h3>
<ul>
${executions.map(
  ({
    state,
    revision,
    at,
  }) => html`<li>${state === 'entered' ? 'in force' : 'no longer in force'} (revision ${revision}): ${time(new Date(at).toISOString(), zone)}</li>
`,
)}</ul>
`;
}
