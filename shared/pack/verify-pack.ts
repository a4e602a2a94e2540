/**
 * Verification of an order's evidence pack. The auditor needs only the pack and, from an independent source, the public root (document with
 * the keys that auditors need). No clock, network or server is needed, so the verification can be repeated years later.
 */
import { CordonError } from '../errors.ts';
import type { WitnessPolicy } from '../ledger/cosignature.ts';
import { parseDocument } from '../order/canonical.ts';
import { checkApprovals, checkApproverSets, checkRevisions } from './check-approvals.ts';
import { checkCosignatures } from './check-cosignatures.ts';
import { checkDestruction } from './check-destruction.ts';
import { checkManifest, filesOf, need, type PackFiles } from './check-files.ts';
import { checkEntries, checkLedger } from './check-ledger.ts';
import { checkLists } from './check-lists.ts';
import { checkLocations } from './check-locations.ts';
import { checkProceedings } from './check-proceedings.ts';
import { checkReceipts } from './check-receipts.ts';
import { checkSummary } from './check-summary.ts';
import { checkEffects, checkMadeAt } from './check-times.ts';
import { type Comparison, compareCheckpoint } from './compare-checkpoint.ts';
import { type Finding, Findings } from './findings.ts';
import { fingerprintOf } from './fingerprint.ts';
import { MANIFEST, type Manifest, PACK_LIMITS, PUBLIC_ROOT } from './format.ts';
import { type PublicRoot, publicRootSchema } from './public-root.ts';
import type { ZipLimits } from './zip-limits.ts';

/** Public root (document with the keys that auditors need) from an independent source: the document itself, or its SHA-256 in hex. */
export type Pinned = PublicRoot | string;

export interface PackReport {
  /** Number of the order that the evidence pack is about; null if the verification stopped before the pack's manifest was verified. */
  readonly order: string | null;
  readonly pack: string | null;
  readonly madeAt: string | null;
  readonly valid: boolean;
  /**
   * Result of the comparison of the auditor's checkpoint with the evidence pack. Null if the auditor gave no checkpoint, or if the
   * verification stopped before the comparison.
   */
  readonly comparison: Comparison | null;
  readonly findings: readonly Finding[];
}

const NEVER_PROVEN = [
  'That a person has read a text: “displayed” is a device’s statement that it displayed the order.',
  'Times: a receipt has the device’s time, and a ledger entry the server’s. The order of ledger entries is proved, the clocks are not.',
  'The owners of the keys: only the operator and the sealed annex assign names to a person’s id and a device’s handle.',
  'That a certified key is in a device: the operator of the certificate authority could have certified another key. The ledger has an entry of each issued certificate.',
  'That no other revision or approval exists: copy the whole ledger (cordon ledger copy) and search it for further entries about the order.',
  'That everyone sees the same ledger: compare the checkpoint with one from another source (cordon verify --checkpoint).',
  'That the instrument exists as the order describes it: the pack has its description, and digests of documents, not the documents.',
] as const;

/**
 * Returns the public root (document with the keys that auditors need) with which the pack is verified. The auditor gives either this
 * document or its fingerprint. For a fingerprint, the function returns the public root in the pack if its fingerprint is the same, and
 * otherwise null.
 */
function pinnedRoot(files: PackFiles, pinned: Pinned, findings: Findings): PublicRoot | null {
  const own = findings.try(PUBLIC_ROOT, () => parseDocument(publicRootSchema, need(files, PUBLIC_ROOT)));
  const wanted = typeof pinned === 'string' ? pinned : fingerprintOf(pinned);
  if (own && fingerprintOf(own) === wanted) {
    findings.proven(`The pack belongs to installation ${own.installation}, by your public root (${wanted}).`);
    return own;
  }
  if (own)
    findings.failed(
      PUBLIC_ROOT,
      `${PUBLIC_ROOT} differs from your public root: it was replaced, or the pack belongs to another installation.`,
    );
  return typeof pinned === 'string' ? null : pinned;
}

function report(
  findings: Findings,
  manifest: Manifest | null = null,
  comparison: Comparison | null = null,
): PackReport {
  const { order = null, pack = null, madeAt = null } = manifest ?? {};
  return { order, pack, madeAt, valid: findings.failures === 0, comparison, findings: findings.all };
}

/**
 * Report of a verification that could not continue. It says that the remaining checks did not run, because the absence of failures would
 * look like a proof.
 */
function stopped(findings: Findings, why: string, manifest: Manifest | null = null): PackReport {
  findings.unproven(`Everything else in the pack: the verification stopped. ${why}`);
  return report(findings, manifest);
}

/**
 * Verifies an evidence pack. `savedCheckpoint` is the auditor's own checkpoint; an invalid one throws `checkpoint_invalid`. Until the
 * manifest's signature is checked, only the public root, the approver sets and the manifest are parsed. `witnesses`: rule of the auditor.
 */
export async function verifyPack(
  zip: Buffer,
  pinned: Pinned,
  savedCheckpoint?: string,
  limits: ZipLimits = PACK_LIMITS,
  witnesses?: WitnessPolicy,
): Promise<PackReport> {
  if (typeof pinned === 'string' && !/^[0-9a-f]{64}$/.test(pinned)) {
    throw new CordonError('invalid_input', 'The fingerprint of a public root must be 64 lower-case hex digits.');
  }
  const findings = new Findings();
  const present = filesOf(zip, findings, limits);
  if (!present) return stopped(findings, 'The pack exceeds a limit or uses compression, so no signature was checked.');
  const root = pinnedRoot(present, pinned, findings);
  if (!root) return stopped(findings, 'The public root does not match, so no signature was checked.');
  const approverSets = checkApproverSets(present, root, findings);
  const signed = checkManifest(present, approverSets, findings);
  if (!signed) return stopped(findings, `${MANIFEST} is not valid, so no other file was read.`);
  const { manifest, files } = signed;
  if (!files) return stopped(findings, 'Files do not match the signed manifest, so no content was checked.', manifest);
  const logged = await checkLedger(files, root, approverSets, findings);
  if (!logged) return report(findings, manifest);
  await checkCosignatures(files, approverSets, witnesses, findings);
  const { installation, order } = manifest;
  if (installation !== root.installation)
    findings.failed(null, `The manifest belongs to installation ${installation}.`);
  const revisions = checkRevisions(files, { installation, order }, findings);
  const adopted = checkApprovals(revisions, approverSets, logged.entries, findings);
  checkEntries(order, logged, files, approverSets, revisions, findings);
  const { entries } = logged;
  checkMadeAt(manifest, entries, findings);
  const effects = checkEffects(order, adopted, entries, manifest.madeAt, findings);
  const listed = checkLists(files, logged, approverSets, adopted, installation, findings);
  const receipts = checkReceipts(files, { pinned: root, order, revisions, adopted, listed }, findings);
  checkDestruction(files, { order, adopted, entries, wiped: receipts.wiped }, findings);
  const proceedings = checkProceedings(files, { installation, order, entries }, findings);
  const locations = checkLocations(files, order, entries, findings);
  const evidence = { manifest, root, approverSets, revisions, entries, effects, receipts, proceedings, locations };
  checkSummary(files, evidence, findings);
  const comparison =
    savedCheckpoint === undefined ? null : await compareCheckpoint(savedCheckpoint, root, logged, findings);
  for (const words of NEVER_PROVEN) findings.unproven(words);
  return report(findings, manifest, comparison);
}
