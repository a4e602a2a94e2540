/**
 * Check of the certificate of destruction in an evidence pack.
 * - Two people must have approved the exit.
 * - Each device that the certificate lists as wiped must have signed a receipt of the wipe.
 * - The ledger must contain a digest for each device.
 *
 * The check cannot prove that no other data remains.
 */
import { canonicalText } from '../order/canonical.ts';
import { isExit } from '../order/exit.ts';
import { adoptionOf } from './check-approvals.ts';
import { type PackFiles, readFile } from './check-files.ts';
import { type Destruction, destructionSchema, sumOf } from './destruction.ts';
import { endDigest } from './end-digest.ts';
import { type Findings, plural } from './findings.ts';
import { DESTRUCTION } from './format.ts';
import type { LoggedEntry, PackRevision } from './pack-content.ts';

export interface ExitFacts {
  readonly order: string;
  /** Adopted revisions, oldest first. */
  readonly adopted: readonly PackRevision[];
  readonly entries: readonly LoggedEntry[];
  /** For each device pseudonym, the revisions that made the device wipe itself, according to the device's receipts. */
  readonly wiped: ReadonlyMap<string, ReadonlySet<number>>;
}

export function checkDestruction(
  files: PackFiles,
  { order, adopted, entries, wiped }: ExitFacts,
  findings: Findings,
): void {
  const logged = entries.flatMap(({ particulars: { order: about, destroyed } }) => {
    return about === order && typeof destroyed === 'string' ? [destroyed] : [];
  });
  if (!files.has(DESTRUCTION)) {
    if (logged.length > 0)
      findings.failed(DESTRUCTION, `${DESTRUCTION} is missing, although the ledger has an entry of an exit.`);
    return;
  }
  const before = findings.failures;
  const read = findings.try(DESTRUCTION, () => readFile(files, DESTRUCTION, destructionSchema));
  if (!read) return;
  if (read.order !== order) findings.failed(DESTRUCTION, `${DESTRUCTION} is about order ${read.order}.`);
  const exits = adopted.filter(({ revision }) => isExit(revision));
  checkApproval(read, exits, entries, findings);
  // A wipe for any exit of this order is valid: an exit may have been withdrawn and approved again while the device was offline.
  const numbers = new Set(exits.map(({ number }) => number));
  const confirmed = new Set(
    [...wiped].flatMap(([device, revisions]) => (revisions.isDisjointFrom(numbers) ? [] : [device])),
  );
  for (const { device, outcome } of read.devices) {
    if (outcome === 'wiped' && !confirmed.has(device)) {
      findings.failed(DESTRUCTION, `${DESTRUCTION} lists ${device} as wiped, but the device has not signed this.`);
    }
  }
  const digests = read.devices.map(endDigest).sort();
  if (canonicalText(digests) !== canonicalText(logged.sort())) {
    findings.failed(DESTRUCTION, `${DESTRUCTION} contradicts the ledger entries of this exit.`);
  }
  if (findings.failures > before) return;
  const { certificates, messages, mails } = sumOf(read.devices.map(({ destroyed }) => destroyed));
  const silent = read.devices.filter(({ outcome }) => outcome === 'silent').length;
  findings.proven(
    `The exit ended ${plural(read.devices.length, 'enrollment')} (${silent} of devices that never responded), with ${plural(certificates, 'certificate')}, ${plural(messages, 'message')} and ${plural(mails, 'mail')} that waited. The ledger has each end, and each other device signed that it wiped its work data.`,
  );
  const { held, waiting, unanswered } = read;
  findings.unproven(
    `Other devices of the exit, by the server’s own statement: ${plural(held, 'device')} under a legal hold, ${waiting} with a pending wipe and ${unanswered} without contact when the pack was made.`,
  );
  findings.unproven(
    'That no copy remains anywhere: devices and server state what they deleted from their own disks. Backups are not covered.',
  );
}

/** Checks that the certificate names the newest approved exit, with the time of its ledger entry. */
function checkApproval(
  { revision, adoptedAt }: Destruction,
  exits: readonly PackRevision[],
  entries: readonly LoggedEntry[],
  findings: Findings,
): void {
  const newest = exits.at(-1);
  if (newest?.number !== revision) {
    const why = newest ? `the newest is revision ${newest.number}` : 'there is none';
    findings.failed(DESTRUCTION, `${DESTRUCTION} names revision ${revision}, which is not the approved exit: ${why}.`);
    return;
  }
  const adoption = adoptionOf(newest, entries);
  if (adoption?.entry.at !== Date.parse(adoptedAt)) {
    findings.failed(
      DESTRUCTION,
      `${DESTRUCTION} states that revision ${revision} was adopted at ${adoptedAt}, and the ledger has no such entry.`,
    );
  }
}
