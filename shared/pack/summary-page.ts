/**
 * Summary of an evidence pack: one HTML page without other files. It depends only on the manifest and the pack's files, so that the
 * verifier can write it again and compare.
 */
import { html, type Markup, styleSheet } from '../html.ts';
import { attestationWords } from '../order/attestation.ts';
import { describeRevision, MOMENT_WORDS } from '../order/describe-revision.ts';
import { type Approvers, type OrderTerms, RECEIPT_KINDS } from '../order/documents.ts';
import { noticeCountWords } from '../order/notice-times.ts';
import { inLanguages, time } from '../order/order-html.ts';
import type { ProceedingState } from '../order/proceedings.ts';
import { proceedingFacts } from '../order/proceedings-html.ts';
import { type Destruction, EXIT_OUTCOMES, sumOf } from './destruction.ts';
import { destroyedWords, OUTCOME_WORDS, REMAINING_DATA, REMAINING_DEVICES } from './destruction-words.ts';
import { confirmedWords, locationWords, type PackedLocation } from './location-records.ts';
import type { Noticed } from './notice-tally.ts';
import type { EffectChange, RevisionHistory } from './order-history.ts';
import type { ReceiptCounts } from './receipt-tally.ts';

export interface SummaryFacts {
  readonly organization: string;
  readonly installation: string;
  readonly fingerprint: string;
  readonly pack: string;
  readonly order: string;
  readonly approvers: Approvers;
  readonly madeAt: string;
  /** Revisions of the order that the summary describes, oldest first. */
  readonly revisions: readonly RevisionHistory[];
  /** Starts and ends of the order that the summary describes, in ledger order. */
  readonly effects: readonly EffectChange[];
  readonly receipts: ReceiptCounts;
  /**
   * Number of devices that the order affected (`affected`), and number of these devices that sent no receipt about the order (`silent`).
   */
  readonly affected: number;
  readonly silent: number;
  readonly proceedings: ProceedingState;
  /** Admins' changes of devices' locations that concern the order in the summary, in ledger order. */
  readonly locations: readonly PackedLocation[];
  /** Certificate of destruction; null if no exit (wipe of work data) was approved. */
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

const RECEIPT_STATEMENTS: Readonly<Record<(typeof RECEIPT_KINDS)[number], string>> = {
  delivered: 'signed that they stored the order (delivered)',
  displayed: 'signed that they displayed the order to a user (displayed)',
  enforced: 'signed that they blocked a service by the order (enforced)',
  restored: 'signed that a service is available again (restored)',
  wiped: 'signed that they wiped their work data (wiped)',
};

export function summaryPage(facts: SummaryFacts): string {
  const { organization, order, revisions } = facts;
  const { byKind, notices, responded } = facts.receipts;
  const shown = revisions.findLast(({ adoptedAt }) => adoptedAt !== null) ?? revisions.at(-1);
  if (!shown) throw new Error(`order ${order} has no revision`);
  const { lines, document } = describeRevision(shown.payload, { order, revision: shown.number });
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
<p><bdi>${organization}</bdi> made this evidence pack, <code>${facts.pack}</code>, at ${facts.madeAt}. This page states in words what the signed documents
in the pack say. Only the signed documents are authoritative. <code>cordon verify</code> writes this page again from them and reports each difference.</p>
${words(terms)}
<h2>Terms</h2>
<p>Revision ${shown.number}${shown.adoptedAt === null ? ', which was not adopted' : ''}, from the exact signed text.</p>
<table>
${lines
  .filter(({ language }) => language === undefined)
  .map(
    ({ label, value }) => html`<tr><th scope="row">${label}</th><td dir="auto">${value}</td></tr>
`,
  )}</table>
<h2>Approvals</h2>
<p>Approver set ${facts.approvers.version}. ${attestationWords(facts.approvers)}</p>
${revisions.map((each) => history(each, terms.zone))}${effects(facts.effects, terms.zone)}
<h2>Receipts of devices</h2>
<p>${responded} devices have sent receipts. The device’s own key signs each receipt. Each line counts the devices that have signed such a receipt at any time.
Every device of the organization receives the order list, whether the order affects it or not. The handles of devices are valid only in this pack.</p>
<table>
${RECEIPT_KINDS.map(
  (kind) => html`<tr><th scope="row">${byKind[kind]}</th><td>${RECEIPT_STATEMENTS[kind]}</td></tr>
`,
)}<tr><th scope="row">${facts.silent} of ${facts.affected}</th><td>affected devices have never responded (the server’s own statement). A device is affected if the order blocked one of its services when it took
effect or when this pack was made, or if its own receipt says so. An offline device with an expired location counts at its last known location.</td></tr>
</table>
${noticed(notices)}${locations(facts.locations)}${proceedings(facts.proceedings)}${destroyed(facts.destruction)}<h2>How to verify this pack</h2>
<p>On any machine, without a network: <code>cordon verify PACK --root ${facts.fingerprint}</code>. Get the fingerprint of the public root from
another source than this page. It identifies installation <code>${facts.installation}</code>. The command lists what is proved, what failed, and what no pack can prove.</p>
</main>
</body>
</html>
`;
  return page.text;
}

function words({ statement, notice, appeal, authoritativeLanguage }: OrderTerms): Markup {
  const noticeSection = notice
    ? html`<h2>Notice to users of devices</h2>
${inLanguages(notice, authoritativeLanguage)}`
    : html``;
  return html`<h2>Public statement</h2>
${inLanguages(statement, authoritativeLanguage)}${noticeSection}<p><strong>Contact for appeals:</strong> <bdi>${appeal}</bdi></p>
`;
}

function noticed(notices: readonly Noticed[]): Markup {
  if (notices.length === 0) return html``;
  return html`<h3>Notices to users, for the newest effective time</h3>
<p>By each device’s own time. A notice is late after more than a tenth of its lead time, such as 3 days for a notice 30 days before.</p>
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

function proceedings(state: ProceedingState): Markup {
  if (state.answer === null && state.appeals.length === 0) return html``;
  return html`<h2>Answer and appeals</h2>
<p>The operator recorded these steps. The ledger contains a digest of each record.</p>
<dl>
${proceedingFacts(state, { names: true })}</dl>
`;
}

/** Section about location changes; empty without any, as in packs of Cordon's earlier versions. */
function locations(records: readonly PackedLocation[]): Markup {
  if (records.length === 0) return html``;
  return html`<h2>Location changes by admins</h2>
<p>Admins changed the location of these devices, and thereby the effect of the order on them. The ledger has an entry for each change.</p>
<table>
${records.map(
  (
    record,
  ) => html`<tr><th scope="row">${record.device}</th><td>${locationWords(record)}, made ${confirmedWords(record)} at ${record.at}</td></tr>
`,
)}</table>
`;
}

function destroyed(destruction: Destruction | null): Markup {
  if (!destruction) return html``;
  const { revision, adoptedAt, devices } = destruction;
  return html`<h2>Certificate of destruction</h2>
<p>Revision ${revision} was approved at ${adoptedAt}: devices that the order blocks wipe their work data permanently.</p>
<table>
${EXIT_OUTCOMES.map(
  (
    outcome,
  ) => html`<tr><th scope="row">${devices.filter((each) => each.outcome === outcome).length} devices</th><td>${OUTCOME_WORDS[outcome]}</td></tr>
`,
)}${REMAINING_DEVICES.map(
  ({ field, words }) => html`<tr><th scope="row">${destruction[field]} devices</th><td>${words}</td></tr>
`,
)}</table>
<h3>Data deleted on the server</h3>
<table>
${destroyedWords(sumOf(devices.map((each) => each.destroyed))).map(
  ({ what, rule }) => html`<tr><th scope="row">${what}</th><td>${rule}</td></tr>
`,
)}</table>
<h3>Data that remains, with reasons</h3>
<table>
${REMAINING_DATA.map(
  ({ what, why }) => html`<tr><th scope="row">${what}</th><td>${why}</td></tr>
`,
)}</table>
`;
}

function history({ number, document, approvals, adoptedAt }: RevisionHistory, zone: string): Markup {
  const at = (instant: number) => time(new Date(instant).toISOString(), zone);
  const approvalItems = approvals.map(
    ({ person, keyid, at: approvedAt }) =>
      html`<li>approved by ${person ?? 'an unknown person'} with key <code>${keyid.slice(0, 12)}…</code>: ${approvedAt === null ? 'no entry in the ledger' : at(approvedAt)}</li>
`,
  );
  return html`<h3>Revision ${number} (${document.action})</h3>
<ul>
<li>proposed by ${document.proposer}: ${time(document.proposedAt, zone)}</li>
${approvalItems}<li>${adoptedAt === null ? html`not adopted when this pack was made` : html`adopted: ${at(adoptedAt)}`}</li>
</ul>
`;
}

function effects(changes: readonly EffectChange[], zone: string): Markup {
  if (changes.length === 0)
    return html`<p>The order has never been in effect.</p>
`;
  return html`<h3>In effect</h3>
<ul>
${changes.map(
  ({ state, revision, at }) =>
    html`<li>${state === 'active' ? 'took effect' : 'effect ended'} (revision ${revision}): ${time(new Date(at).toISOString(), zone)}</li>
`,
)}</ul>
`;
}
