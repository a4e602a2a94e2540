/**
 * Check of the operator's records about answers to the authority and appeals to courts. For each record there must be a ledger entry, and
 * for each such ledger entry a record.
 */
import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { type ProceedingRecord, proceedingWords } from '../order/proceedings.ts';
import { type PackFiles, readFile } from './check-files.ts';
import type { Findings } from './findings.ts';
import { PROCEEDINGS, proceedingsSchema } from './format.ts';
import type { LoggedEntry } from './pack-content.ts';

export function checkProceedings(
  files: PackFiles,
  {
    installation,
    order,
    entries,
  }: { readonly installation: string; readonly order: string; readonly entries: readonly LoggedEntry[] },
  findings: Findings,
): readonly ProceedingRecord[] {
  const before = findings.failures;
  const records = files.has(PROCEEDINGS)
    ? (findings.try(PROCEEDINGS, () => readFile(files, PROCEEDINGS, proceedingsSchema)) ?? [])
    : [];
  const logged = new Map<unknown, unknown>();
  for (const { entry, particulars } of entries) {
    if (entry.kind === 'order.proceeding' && particulars['order'] === order) {
      logged.set(particulars['record'], particulars['digest']);
    }
  }
  for (const [at, record] of records.entries()) {
    const { number } = record;
    if (number !== at + 1 || record.order !== order || record.installation !== installation) {
      findings.failed(PROCEEDINGS, `${PROCEEDINGS}: record ${number} is out of order, or about another order.`);
    } else if (logged.get(number) !== sha256(canonicalText(record))) {
      findings.failed(PROCEEDINGS, `${PROCEEDINGS}: record ${number} differs from the ledger’s commitment.`);
    }
  }
  for (const number of logged.keys()) {
    if (records.some((record) => record.number === number)) continue;
    findings.failed(PROCEEDINGS, `${PROCEEDINGS} lacks record ${number}, although the ledger commits to it.`);
  }
  if (findings.failures > before) return [];
  for (const { number, recordedAt, proceeding } of records) {
    const { document, corrects } = proceeding;
    const named = document ? `, with “${document.title}” (SHA-256 ${document.sha256})` : '';
    const instead = corrects === undefined ? '' : `, in place of record ${corrects}`;
    findings.proven(
      `The operator recorded at ${recordedAt}${instead}: “${proceedingWords(proceeding)}”${named}. The ledger commits to this record (${number}).`,
    );
  }
  if (records.length > 0) {
    findings.unproven(
      'That answers and appeals happened as the operator recorded them: ask the authority or the court. The pack has digests of their documents, not the documents.',
    );
  }
  return records;
}
