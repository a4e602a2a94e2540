/**
 * Transparency report as HTML without scripts, for the public page: the signed statement, counts of requests and refusals, days of
 * suspended service, and the keys of the server. The functions are pure, and `html` escapes every value.
 */
import type { StatementView, TransparencyReport } from '../../shared/api/transparency.ts';
import { html, type Markup } from '../../shared/html.ts';
import { areaWords, time } from '../../shared/order/order-html.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';

export const REPORT_PATH = '/transparency/report.json';

const at = (instant: number | string): Markup =>
  time(typeof instant === 'number' ? new Date(instant).toISOString() : instant, 'UTC');

/** Dated statement, or its absence. The words say that it is absent, so the color is not the only sign. */
export function statementSection({ statement, statements }: TransparencyReport): Markup {
  return html`<section aria-labelledby="statement">
<h2 id="statement">Signed statement</h2>
${statementNow(statement)}${earlier(statements, statement.state === 'valid' ? statement.statement.digest : null)}</section>
`;
}

function statementNow(current: TransparencyReport['statement']): Markup {
  switch (current.state) {
    case 'valid':
      return validStatement(current.statement, current.inclusion);
    case 'expired':
      return html`<p class="absent"><strong>Absent: the signed statement has expired.</strong> The last statement expired on ${at(current.since)}.
Nobody has renewed it. Do not assume that the earlier statement is still true.</p>
`;
    case 'none':
      return html`<p class="absent"><strong>Absent: there is no signed statement.</strong></p>
`;
  }
}

type Inclusion = Extract<TransparencyReport['statement'], { state: 'valid' }>['inclusion'];

function validStatement(
  { text, date, expires, digest, signatures, payload, payloadType }: StatementView,
  inclusion: Inclusion,
): Markup {
  return html`<blockquote>${text}</blockquote>
<dl>
<dt>Dated</dt><dd>${at(date)}</dd>
<dt>Valid until</dt><dd>${at(expires)}. After this time, the page shows that the statement is absent.</dd>
<dt>Signed by keys</dt><dd>${signatures.map(({ keyid }) => html`<div><code>${keyid}</code></div>`)}</dd>
<dt>SHA-256</dt><dd><code>${digest}</code></dd>
<dt>Ledger</dt><dd>${inclusion === null ? 'The entry is not in a checkpoint yet.' : `Entry ${inclusion.index}`}</dd>
</dl>
<details>
<summary>Signed text, signatures and proof</summary>
<p>Each signature covers the DSSE encoding of this text with the payload type <code>${payloadType}</code>.</p>
<pre>${payload}</pre>
${signatures.map(
  ({ keyid, publicKey, rpId, sig }) => html`<dl>
<dt>Key</dt><dd><code>${keyid}</code></dd>
<dt>Public key</dt><dd><code>${publicKey}</code>${rpId === null ? html`` : html`, a passkey for ${rpId}`}</dd>
<dt>Signature</dt><dd><code>${sig}</code></dd>
</dl>
`,
)}${inclusion === null ? html`` : inclusionProof(inclusion)}</details>
`;
}

function inclusionProof({ index, body, proof, checkpoint, key }: NonNullable<Inclusion>): Markup {
  return html`<p>The ledger contains the SHA-256 of the statement in entry ${index}. These hashes (RFC 6962) prove the entry under the checkpoint below.
The key <code>${key}</code> signs the checkpoint. Where witnesses are configured, the checkpoint has their signatures too.</p>
<pre>${body}</pre>
<pre>${proof.length === 0 ? 'No hashes: the ledger has one entry.' : proof.join('\n')}</pre>
<pre>${checkpoint}</pre>
`;
}

function earlier(statements: readonly StatementView[], current: string | null): Markup {
  const others = statements.filter(({ digest }) => digest !== current);
  if (others.length === 0) return html``;
  return html`<h3>Earlier statements</h3>
<ul>
${others.map(
  ({ date, expires }) => html`<li>${at(date)}, valid until ${at(expires)}</li>
`,
)}</ul>
`;
}

export function requestsSection(report: TransparencyReport): Markup {
  const { received, answered, pending, refused, refusedByReason, months } = report.disclosures;
  return html`<section aria-labelledby="requests-title" id="requests">
<h2 id="requests-title">Requests for records, ${report.from} to ${report.to}</h2>
<p>A request names one account, one authority, one legal instrument and one window in the past. Every wider demand is refused and counted.
No request can produce content of messages, because the server has no key that opens them.</p>
<dl>
<dt>Demands received</dt><dd>${count(received)}</dd>
<dt>Requests answered</dt><dd>${count(answered)}</dd>
<dt>Requests pending</dt><dd>${count(pending)}, at the end of ${report.to}</dd>
<dt>Demands refused</dt><dd>${count(refused)}</dd>
</dl>
${monthTable(months)}${refusals(refusedByReason)}${periods(report)}</section>
`;
}

/** Counts of each month, newest first. The note tells readers how to read the counts. */
function monthTable(months: TransparencyReport['disclosures']['months']): Markup {
  return html`<table>
<caption>Months (UTC)</caption>
<thead><tr><th scope="col">Month</th><th scope="col" class="number">Received</th><th scope="col" class="number">Answered</th><th scope="col" class="number">Accounts</th><th scope="col" class="number">Refused</th></tr></thead>
<tbody>
${months.toReversed().map(
  ({ month, received, answered, accounts, refused }) =>
    html`<tr><th scope="row">${month}</th><td class="number">${count(received)}</td><td class="number">${count(answered)}</td><td class="number">${count(accounts)}</td><td class="number">${count(refused)}</td></tr>
`,
)}</tbody>
</table>
<p>The report covers whole months that have ended. <em>Accounts</em> is the number of different accounts whose records were produced in the month.
Do not add these numbers: one account can be in several months. All counts are exact, also small ones.</p>
`;
}

const count = (number: number): string => number.toLocaleString('en');

function refusals(reasons: TransparencyReport['disclosures']['refusedByReason']): Markup {
  if (reasons.length === 0) return html``;
  return html`<table>
<caption>Refused demands by reason</caption>
<thead><tr><th scope="col">Reason</th><th scope="col" class="number">Refused</th></tr></thead>
<tbody>
${reasons.map(
  ({ title, count: number }) => html`<tr><td>${title}</td><td class="number">${count(number)}</td></tr>
`,
)}</tbody>
</table>
`;
}

/** Links to other periods. The page has no form, because its policy allows none. */
function periods({ from, to }: TransparencyReport): Markup {
  const year = Number(to.slice(0, 4));
  const newest = to.endsWith('-12') ? [year, year - 1] : [year - 1, year - 2];
  const links = newest.map(
    (each) => html`<li><a href="?from=${each}-01&amp;to=${each}-12">${each}</a></li>
`,
  );
  return html`<nav aria-label="Periods">
<ul>
<li><a href="?">Last 12 months</a></li>
${links}<li><a href="${REPORT_PATH}?from=${from}&amp;to=${to}">This report as JSON</a></li>
</ul>
<p>For another period, add its months to the address of this page, such as <code>?from=${from}&amp;to=${to}</code>.</p>
</nav>
`;
}

/** Days on which an order suspended at least one service in an area. */
export function suspendedDays({ from, to, orders }: TransparencyReport): Markup {
  if (orders.suspended.length === 0) return html``;
  return html`<table>
<caption>Days of suspended service, ${from} to ${to}</caption>
<thead><tr><th scope="col">Area</th><th scope="col">Services</th><th scope="col" class="number">Days</th><th scope="col" class="number">Orders</th></tr></thead>
<tbody>
${orders.suspended.map(
  ({ area, services, days, orders: number }) =>
    html`<tr><td>${areaWords(area, {})}</td><td>${servicesOf(services)}</td><td class="number">${count(days)}</td><td class="number">${count(number)}</td></tr>
`,
)}</tbody>
</table>
`;
}

const servicesOf = (services: readonly string[]): string =>
  SERVICES.filter((service) => services.includes(service)).join(', ');

export function keysSection({ keys }: TransparencyReport): Markup {
  if (keys.length === 0) return html``;
  return html`<section aria-labelledby="keys">
<h2 id="keys">Keys of the server</h2>
<p>These are all keys that the server has. A signed statement contains the list of its day.</p>
<dl>
${keys.map(
  ({
    use,
    opens,
    publicKey,
  }) => html`<dt>${use}</dt><dd>${opens}${publicKey === null ? html`` : html` <code>${publicKey}</code>`}</dd>
`,
)}</dl>
</section>
`;
}
