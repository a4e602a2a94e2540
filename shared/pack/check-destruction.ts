/**
 * The certificate of destruction against what proves it: two people have approved this exit, and the ledger says when; a device that it calls wiped has
 * said so itself, of an exit; and the ledger has the hash of what it says of each end. That nothing is left anywhere is the operator's word.
 */
import { canonicalText } from '../order/canonical.ts';
import { isExit } from '../order/exit.ts';
import { adoptionOf, type PackRevision } from './check-approvals.ts';
import { type PackFiles, readFile } from './check-files.ts';
import type { LoggedLeaf } from './check-ledger.ts';
import { type Destruction, destructionSchema, sumOf } from './destruction.ts';
import { endDigest } from './end-digest.ts';
import { type Findings, plural } from './findings.ts';
import { DESTRUCTION } from './format.ts';

export interface ExitFacts {
  readonly order: string;
  /** Oldest first. */
  readonly adopted: readonly PackRevision[];
  readonly leaves: readonly LoggedLeaf[];
  /** Handle of a device → the revisions by which it says that it wiped itself. */
  readonly wiped: ReadonlyMap<string, ReadonlySet<number>>;
}

export function checkDestruction(files: PackFiles, { order, adopted, leaves, wiped }: ExitFacts, say: Findings): void {
  const logged = leaves.flatMap(({ particulars: { order: about, destroyed } }) => {
    return about === order && typeof destroyed === 'string' ? [destroyed] : [];
  });
  if (!files.has(DESTRUCTION)) {
    if (logged.length > 0)
      say.failed(DESTRUCTION, `${DESTRUCTION}: the ledger speaks of an exit, and there is no certificate of it.`);
    return;
  }
  const before = say.failures;
  const read = say.try(DESTRUCTION, () => readFile(files, DESTRUCTION, destructionSchema));
  if (!read) return;
  if (read.order !== order) say.failed(DESTRUCTION, `${DESTRUCTION} is about order ${read.order}.`);
  const exits = adopted.filter(({ revision }) => isExit(revision));
  checkApproval(read, exits, leaves, say);
  // A wipe by any exit of the order counts: the exit may have been withdrawn and approved again while the device was offline.
  const numbers = new Set(exits.map(({ number }) => number));
  const confirmed = new Set(
    [...wiped].flatMap(([device, revisions]) => (revisions.isDisjointFrom(numbers) ? [] : [device])),
  );
  for (const { device, outcome } of read.devices) {
    if (outcome === 'wiped' && !confirmed.has(device)) {
      say.failed(DESTRUCTION, `${DESTRUCTION}: ${device} is called wiped, and has not said so.`);
    }
  }
  const said = read.devices.map(endDigest).sort();
  if (canonicalText(said) !== canonicalText(logged.sort())) {
    say.failed(DESTRUCTION, `${DESTRUCTION}: the ledger’s leaves of this exit say something else.`);
  }
  if (say.failures > before) return;
  const { certificates, messages } = sumOf(read.devices.map(({ destroyed }) => destroyed));
  const silent = read.devices.filter(({ outcome }) => outcome === 'silent').length;
  say.proven(
    `The exit ended ${plural(read.devices.length, 'enrolment')} (${silent} of devices that never answered), with ${plural(certificates, 'certificate')} and ${plural(messages, 'message')} that waited; each end is in the ledger, and each other device has said that it wiped itself.`,
  );
  const { held, waiting, unheard } = read;
  say.unproven(
    `Whom else the exit was to reach: by the server’s own word ${plural(held, 'device')} kept by a legal hold, ${waiting} that had not carried it out and ${unheard} not heard of when the pack was made.`,
  );
  say.unproven(
    'That no copy is left anywhere: a device says what it did to its own disk, the server what it did to its store, and backups are not asked.',
  );
}

/** The exit that it names is the newest that was approved, at the time that its leaf has. */
function checkApproval(
  { revision, adoptedAt }: Destruction,
  exits: readonly PackRevision[],
  leaves: readonly LoggedLeaf[],
  say: Findings,
): void {
  const newest = exits.at(-1);
  if (newest?.number !== revision) {
    const why = newest ? `the newest is revision ${newest.number}` : 'there is none';
    say.failed(DESTRUCTION, `${DESTRUCTION}: revision ${revision} is not the exit that was approved: ${why}.`);
    return;
  }
  const adoption = adoptionOf(newest, leaves);
  if (adoption?.leaf.at !== Date.parse(adoptedAt)) {
    say.failed(
      DESTRUCTION,
      `${DESTRUCTION}: the ledger does not say that revision ${revision} was adopted at ${adoptedAt}.`,
    );
  }
}
