/** Check of the cosignatures of witnesses on the checkpoint in an evidence pack. */
import { requireCosignatures, type WitnessPolicy } from '../ledger/cosignature.ts';
import type { ApproverSet } from '../order/approvers.ts';
import { need, type PackFiles } from './check-files.ts';
import { type Findings, plural } from './findings.ts';
import { CHECKPOINT } from './format.ts';

/**
 * Checks the cosignatures. `given`: rule of the auditor; too few cosignatures are then a failure. Without it, the rule of the newest
 * approver set in the pack applies, and too few cosignatures are only unproven, because the pack may have been made before a witness
 * answered.
 */
export async function checkCosignatures(
  files: PackFiles,
  approverSets: readonly ApproverSet[],
  given: WitnessPolicy | undefined,
  findings: Findings,
): Promise<void> {
  const policy = given ?? approverSets.at(-1)?.approvers.witnesses;
  if (!policy) return;
  const check = () => requireCosignatures(need(files, CHECKPOINT).toString('utf8'), policy);
  const before = findings.failures;
  const valid = given ? await findings.tryAsync(CHECKPOINT, check) : await check().catch(() => null);
  if (valid) {
    const names = valid.map(({ witness }) => witness).join(', ');
    findings.proven(`${plural(valid.length, 'witness', 'witnesses')} cosigned the checkpoint of the pack: ${names}.`);
  } else if (findings.failures === before) {
    findings.unproven(
      `That witnesses saw the ledger of this pack: its checkpoint has fewer than the ${policy.threshold} cosignatures that the approver set requires. Ask for a new pack.`,
    );
  }
}
