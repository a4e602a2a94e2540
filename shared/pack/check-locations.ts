/**
 * Check of location changes in an evidence pack: each ledger entry about a location change needs one matching record, and each record one
 * entry.
 */
import { type PackFiles, readFile } from './check-files.ts';
import type { Findings } from './findings.ts';
import { LOCATIONS } from './format.ts';
import {
  confirmedWords,
  type LocationRecord,
  locationDigest,
  locationsSchema,
  locationWords,
  type PackedLocation,
} from './location-records.ts';
import type { LoggedEntry } from './pack-content.ts';

const concernsOrder = (order: string, { entry }: Pick<LoggedEntry, 'entry'>): boolean =>
  entry.kind === 'location.stated' && String(entry.public['orders']).split(' ').includes(order);

export function checkLocations(
  files: PackFiles,
  order: string,
  entries: readonly LoggedEntry[],
  findings: Findings,
): PackedLocation[] {
  const about = entries.filter((entry) => concernsOrder(order, entry));
  const listed = files.has(LOCATIONS) ? findings.try(LOCATIONS, () => readFile(files, LOCATIONS, locationsSchema)) : [];
  if (listed === null) return [];
  const before = findings.failures;
  const records = new Map(listed.map((record) => [locationDigest(record), record]));
  const logged = new Set(about.map(({ entry }) => entry.public['digest']));
  if (records.size < listed.length) findings.failed(LOCATIONS, `${LOCATIONS} has the same location change twice.`);
  for (const [digest, record] of records) {
    if (!logged.has(digest)) {
      findings.failed(
        LOCATIONS,
        `${LOCATIONS}: the ledger has no entry about the location change of ${record.device} at ${record.at} with this content.`,
      );
    }
  }
  const confirmed: PackedLocation[] = [];
  for (const { index, entry } of about) {
    const { digest, until, people } = entry.public;
    if (digest === undefined) {
      // Ledger entries of Cordon's earlier versions lack the record's digest.
      findings.unproven(
        `The content of the location statement of ledger entry ${index}. The entry does not commit to it.`,
      );
      continue;
    }
    const record = records.get(String(digest));
    if (!record) {
      findings.failed(
        LOCATIONS,
        `${LOCATIONS}: the location change of ledger entry ${index} is missing, or has another content.`,
      );
      continue;
    }
    if (!agrees(record, { at: entry.at, until: until ?? null, people: people ?? null })) {
      findings.failed(
        LOCATIONS,
        `${LOCATIONS}: ledger entry ${index} contradicts the location change of ${record.device}.`,
      );
      continue;
    }
    confirmed.push(record);
  }
  if (findings.failures > before || confirmed.length === 0) return confirmed;
  for (const record of confirmed) {
    findings.proven(
      `The ledger has a location change that concerns the order: ${record.device}, ${locationWords(record)}, ${confirmedWords(record)} at ${record.at}.`,
    );
  }
  findings.unproven(
    'The devices of these location changes. The ledger entries commit to them, and the operator can open the commitments. Reasons stay with the operator.',
  );
  return confirmed;
}

interface Public {
  readonly at: number;
  readonly until: string | number | null;
  readonly people: string | number | null;
}

const agrees = ({ at, until, confirmedBy }: LocationRecord, entry: Public): boolean =>
  Date.parse(at) === entry.at &&
  (until === null ? null : Date.parse(until)) === entry.until &&
  (confirmedBy === null ? 1 : 2) === entry.people;
