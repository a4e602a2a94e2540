/**
 * Checks an order's evidence pack with nothing but the pack and the installation's public root, which whoever checks has from elsewhere. No
 * clock, no network, no server: anyone can repeat it years later. It says in words what is proven, what does not hold, and what no pack proves.
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { checkApprovals, checkRevisions, checkRoots } from './check-approvals.ts';
import { checkDestruction } from './check-destruction.ts';
import { checkManifest, filesOf, need, type PackFiles } from './check-files.ts';
import { checkLeaves, checkLedger, checkLists } from './check-ledger.ts';
import { checkReceipts } from './check-receipts.ts';
import { type Comparison, compareCheckpoint } from './compare-checkpoint.ts';
import { type Finding, Findings } from './findings.ts';
import { fingerprintOf } from './fingerprint.ts';
import { MANIFEST, type Manifest, PACK_LIMITS, PUBLIC_ROOT } from './format.ts';
import { type PublicRoot, publicRootSchema } from './public-root.ts';
import type { ZipLimits } from './zip-limits.ts';

/** What whoever checks has from elsewhere: the document, or its SHA-256 in hex. */
export type Pinned = PublicRoot | string;

export interface PackReport {
  /** Null when the pack is not this installation's, or its manifest is not to be believed. */
  readonly order: string | null;
  readonly pack: string | null;
  readonly madeAt: string | null;
  /** Nothing failed. */
  readonly holds: boolean;
  /** With the checkpoint that was given; null when none was, or the pack's own does not hold. */
  readonly comparison: Comparison | null;
  readonly findings: readonly Finding[];
}

/** True of every pack, however well it holds. */
const NEVER_PROVEN = [
  'That a person has read anything: “shown” is a device’s word that it displayed the order.',
  'The time of a receipt is the device’s own, and the time of a leaf the server’s; what came before what in the ledger is proven, clocks are not.',
  'Whose keys these are: behind a person’s id and a device’s handle stand names that only the operator knows, or the sealed annex.',
  'That a key which this installation certified is in a device and not elsewhere: whoever held its certificate authority could have certified one more. Certificates issued are leaves of the ledger.',
  'That there is no other revision or approval than these: copy the whole ledger (cordon ledger copy) and look for further leaves about the order.',
  'That everybody is shown the same ledger: compare the checkpoint with one that somebody else has kept (cordon verify --checkpoint).',
  'That the instrument exists as the order describes it: the pack has its description, and digests of documents, not the documents.',
] as const;

/** The public root that counts: the given one, or the pack's own when it has the given fingerprint. */
function pinnedRoot(files: PackFiles, pinned: Pinned, say: Findings): PublicRoot | null {
  const own = say.try(PUBLIC_ROOT, () => parseDocument(publicRootSchema, need(files, PUBLIC_ROOT)));
  const wanted = typeof pinned === 'string' ? pinned : fingerprintOf(pinned);
  if (own && fingerprintOf(own) === wanted) {
    say.proven(
      `It is of installation ${own.installation}, by the public root that you have from elsewhere (${wanted}).`,
    );
    return own;
  }
  if (own)
    say.failed(
      PUBLIC_ROOT,
      `${PUBLIC_ROOT} is not the public root that you have from elsewhere: it was replaced, or the pack is of another installation.`,
    );
  return typeof pinned === 'string' ? null : pinned;
}

function report(
  findings: Findings,
  manifest: Manifest | null = null,
  comparison: Comparison | null = null,
): PackReport {
  const { order = null, pack = null, madeAt = null } = manifest ?? {};
  return { order, pack, madeAt, holds: findings.failures === 0, comparison, findings: findings.all };
}

/** `why`: one sentence. The report says that the rest was not checked, so that nobody takes its silence for a proof. */
function stopped(say: Findings, why: string, manifest: Manifest | null = null): PackReport {
  say.unproven(`Everything else in the pack: the verification stopped. ${why}`);
  return report(say, manifest);
}

/**
 * `kept`: a checkpoint of the ledger from an earlier time or another place. Throws `checkpoint_invalid` when it is malformed. Before the
 * manifest's signature is checked, only the public root, the approver sets and the manifest are parsed.
 */
export async function verifyPack(
  zip: Buffer,
  pinned: Pinned,
  kept?: string,
  limits: ZipLimits = PACK_LIMITS,
): Promise<PackReport> {
  if (typeof pinned === 'string' && !/^[0-9a-f]{64}$/.test(pinned)) {
    throw new CordonError('invalid_input', 'A public root’s fingerprint is 64 digits of lower-case hex.');
  }
  const say = new Findings();
  const present = filesOf(zip, say, limits);
  if (!present) return stopped(say, 'The pack exceeds a limit or declares compression, so no signature was checked.');
  const root = pinnedRoot(present, pinned, say);
  if (!root) return stopped(say, 'The public root does not match, so no signature was checked.');
  const roots = checkRoots(present, root, say);
  const signed = checkManifest(present, roots, say);
  if (!signed) return stopped(say, `${MANIFEST} is not valid, so no file that it should name was read.`);
  const { manifest, files } = signed;
  if (!files)
    return stopped(say, 'Files do not match the signed manifest, so the content of no file was checked.', manifest);
  const logged = await checkLedger(files, root, say);
  if (!logged) return report(say, manifest);
  const { installation, order } = manifest;
  if (installation !== root.installation) say.failed(null, `The manifest is of installation ${installation}.`);
  const revisions = checkRevisions(files, { installation, order }, say);
  const adopted = checkApprovals(revisions, roots, logged.leaves, say);
  checkLeaves(order, logged, files, roots, revisions, say);
  const listed = checkLists(files, logged, roots, adopted, installation, say);
  const wiped = checkReceipts(files, { pinned: root, order, revisions, listed }, say);
  checkDestruction(files, { order, adopted, leaves: logged.leaves, wiped }, say);
  const comparison = kept === undefined ? null : await compareCheckpoint(kept, root.ledger, logged, say);
  for (const words of NEVER_PROVEN) say.unproven(words);
  return report(say, manifest, comparison);
}
