/**
 * The certificate of destruction against what proves it: a device that it calls wiped has said so itself, and the ledger has the hash of what
 * it says of each end. That nothing is left anywhere is the operator's word.
 */
import { canonicalText } from '../order/canonical.ts';
import { type PackFiles, readFile } from './check-files.ts';
import type { LoggedLeaf } from './check-ledger.ts';
import { destructionSchema, sumOf } from './destruction.ts';
import { endDigest } from './end-digest.ts';
import { type Findings, plural } from './findings.ts';
import { DESTRUCTION } from './format.ts';

/** `wiped`: handles of devices whose receipts say so. */
export function checkDestruction(
  files: PackFiles,
  order: string,
  leaves: readonly LoggedLeaf[],
  wiped: ReadonlySet<string>,
  say: Findings,
): void {
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
  for (const { device, outcome } of read.devices) {
    if (outcome === 'wiped' && !wiped.has(device)) {
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
  say.unproven(
    'That no copy is left anywhere: a device says what it did to its own disk, the server what it did to its store, and backups are not asked.',
  );
}
