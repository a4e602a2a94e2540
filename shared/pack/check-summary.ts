/** Check of the summary page. The verifier writes the page again from the verified documents and reports each line that differs. */
import type { ApproverSet } from '../order/approvers.ts';
import { type ProceedingRecord, proceedingState } from '../order/proceedings.ts';
import { need, type PackFiles, readFile } from './check-files.ts';
import type { CheckedReceipts } from './check-receipts.ts';
import { destructionSchema } from './destruction.ts';
import type { Findings } from './findings.ts';
import { fingerprintOf } from './fingerprint.ts';
import { DESTRUCTION, type Manifest, SUMMARY } from './format.ts';
import type { PackedLocation } from './location-records.ts';
import { type EffectChange, historyOf } from './order-history.ts';
import type { LoggedEntry, PackRevision } from './pack-content.ts';
import type { PublicRoot } from './public-root.ts';
import { summaryPage } from './summary-page.ts';

export interface SummaryEvidence {
  readonly manifest: Manifest;
  readonly root: PublicRoot;
  readonly approverSets: readonly ApproverSet[];
  readonly revisions: readonly PackRevision[];
  readonly entries: readonly LoggedEntry[];
  readonly effects: readonly EffectChange[];
  readonly receipts: CheckedReceipts;
  readonly proceedings: readonly ProceedingRecord[];
  readonly locations: readonly PackedLocation[];
}

/** Maximum number of wrong lines of the summary page that the verification report quotes. The report only counts further wrong lines. */
const MOST_NAMED = 10;
const MOST_SHOWN = 160;

export function checkSummary(files: PackFiles, evidence: SummaryEvidence, findings: Findings): void {
  if (findings.failures > 0) {
    findings.unproven(
      `That ${SUMMARY} matches the documents: the page was not compared, because the documents have errors. Do not rely on the page.`,
    );
    return;
  }
  const page = findings.try(SUMMARY, () => need(files, SUMMARY).toString('utf8'));
  const expectedPage = findings.try(SUMMARY, () => pageOf(files, evidence));
  if (page === null || expectedPage === null) return;
  if (page === expectedPage) {
    findings.proven(
      `${SUMMARY} matches the verified documents: this program wrote the page again from them and got the same text. The organization’s name, and the parts marked as the server’s own statement, come from the operator.`,
    );
    return;
  }
  const differences = differencesOf(page, expectedPage);
  const hint = softwareHint(evidence.manifest);
  for (const { section, actual, expected } of differences.slice(0, MOST_NAMED)) {
    const where = section === '' ? '' : ` under “${section}”`;
    findings.failed(
      SUMMARY,
      `${SUMMARY} contradicts the documents${where}. The page says ${quoted(actual)}. The documents give ${quoted(expected)}.${hint}`,
    );
  }
  const more = differences.length - MOST_NAMED;
  if (more > 0) findings.failed(SUMMARY, `${SUMMARY} contradicts the documents in ${more} more lines.${hint}`);
}

function pageOf(files: PackFiles, evidence: SummaryEvidence): string | null {
  const { manifest, root, approverSets, revisions, entries, effects, receipts, locations } = evidence;
  const newest = approverSets.at(-1);
  if (!newest || !receipts.silent || revisions.length === 0) return null;
  const { organization, installation, pack, order, madeAt } = manifest;
  const persons = new Map(approverSets.flatMap((each) => [...each.persons]));
  const signed = revisions.map(({ number, digest, revision, envelope }) => ({
    number,
    digest,
    payload: Buffer.from(envelope.payload, 'base64').toString('utf8'),
    document: revision,
    keyids: envelope.signatures.map(({ keyid }) => keyid),
  }));
  return summaryPage({
    organization,
    installation,
    fingerprint: fingerprintOf(root),
    pack,
    order,
    madeAt,
    effects,
    approvers: newest.approvers,
    revisions: historyOf(signed, entries, persons),
    receipts: receipts.counts,
    ...receipts.silent,
    proceedings: proceedingState(evidence.proceedings),
    locations,
    destruction: files.has(DESTRUCTION) ? readFile(files, DESTRUCTION, destructionSchema) : null,
  });
}

interface Difference {
  readonly section: string;
  /**
   * Line in the evidence pack's summary page (`actual`), and the line that the verifier expects in its place (`expected`). The value is
   * null for a page that lacks the line.
   */
  readonly actual: string | null;
  readonly expected: string | null;
}

/**
 * Returns the lines in which two texts differ, outside their longest common beginning and end. The result is never empty for unequal texts,
 * so that each change is reported.
 */
function differencesOf(there: string, expected: string): Difference[] {
  const [page, made] = [there.split('\n'), expected.split('\n')];
  const shorter = Math.min(page.length, made.length);
  let start = 0;
  while (start < shorter && page[start] === made[start]) start += 1;
  let end = 0;
  while (end < shorter - start && page.at(-1 - end) === made.at(-1 - end)) end += 1;
  const [odd, right] = [page.slice(start, page.length - end), made.slice(start, made.length - end)];
  const aligned = odd.length === right.length ? pairs(odd, right) : unpaired(odd, right);
  return aligned.map(({ at, actual, expected }) => ({ section: sectionAt(made, start + at), actual, expected }));
}

type Line = { readonly at: number; readonly actual: string | null; readonly expected: string | null };

const pairs = (odd: readonly string[], right: readonly string[]): Line[] =>
  right.flatMap((expected, at) => (odd[at] === expected ? [] : [{ at, actual: odd[at] ?? null, expected }]));

function unpaired(odd: readonly string[], right: readonly string[]): Line[] {
  const extra = (lines: readonly string[], others: readonly string[]) => {
    const left = new Map<string, number>();
    for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
    return lines.flatMap((line, at) => {
      const count = left.get(line) ?? 0;
      left.set(line, count - 1);
      return count > 0 ? [] : [{ at, line }];
    });
  };
  const found = [
    ...extra(odd, right).map(({ at, line }) => ({ at: Math.min(at, right.length), actual: line, expected: null })),
    ...extra(right, odd).map(({ at, line }) => ({ at, actual: null, expected: line })),
  ];
  // If both texts consist of the same lines, only the order of the lines is wrong.
  return found.length > 0 ? found : pairs(odd, right);
}

/** Nearest heading at or above a line, in the summary page that the verifier wrote. */
function sectionAt(lines: readonly string[], at: number): string {
  const heading = lines.slice(0, at + 1).findLast((line) => /<h[123]/.test(line));
  return heading === undefined ? '' : textOf(heading);
}

const textOf = (line: string): string =>
  line
    .replace(/<\/t[hd]>(?=.)/g, ' ')
    .replace(/<[^>]*>/g, '')
    .trim();

/** Text of a line without its markup, in quotation marks. A line that consists only of markup stays unchanged. */
function quoted(line: string | null): string {
  if (line === null) return 'nothing';
  const text = textOf(line) || line;
  return `“${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}”`;
}

/** Names of countries and local times may differ, because a newer version of the program may have corrected their data. */
function softwareHint({ software }: Manifest): string {
  const { cldr, tz } = process.versions;
  if (software.cldr === cldr && software.tz === tz) return '';
  return ` Cordon ${software.cordon} made the pack, with CLDR ${software.cldr} and time zones ${software.tz}; this program has CLDR ${cldr} and time zones ${tz}. If only names of countries or local times differ, verify the pack with Cordon ${software.cordon}.`;
}
