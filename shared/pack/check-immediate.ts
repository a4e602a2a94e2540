/**
 * Check of approvals that were given after the effective or end time of their revision. The approver must have signed a confirmation of the
 * immediate effect (`immediate-effect.ts`).
 */
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import { PAYLOAD_TYPES, type Revision } from '../order/documents.ts';
import { hasSigned, type VerifyingKey } from '../order/dsse.ts';
import { IMMEDIATE_WORDS, immediateText, passedWhilePending } from '../order/immediate-effect.ts';
import { pae } from '../order/pae.ts';
import type { Findings } from './findings.ts';

/**
 * Checks the approvals of one revision. `payload`: exact text of the revision. `base`: adopted revision that it replaces. `approvals`:
 * ledger entries about its approvals.
 */
export function checkImmediate(
  name: string,
  about: {
    readonly revision: Revision;
    readonly digest: string;
    readonly payload: string;
    readonly base: Revision | null;
  },
  approvals: readonly LedgerEntry[],
  keys: ReadonlyMap<string, VerifyingKey>,
  findings: Findings,
): void {
  const { revision, digest, payload, base } = about;
  for (const { at, public: particulars } of approvals) {
    const { keyid, immediate } = particulars;
    const passed = passedWhilePending(revision, base, at);
    const by = `key ${String(keyid).slice(0, 12)}…`;
    if (typeof immediate !== 'string') {
      if (passed === null) continue;
      findings.unproven(
        `That the approver with ${by} knew that ${name} ${IMMEDIATE_WORDS[passed]}. The ledger has no signed confirmation.`,
      );
      continue;
    }
    const key = keys.get(String(keyid));
    const text = pae(PAYLOAD_TYPES.immediateEffect, Buffer.from(immediateText(payload, digest)));
    if (!key || !hasSigned(key, text, Buffer.from(immediate, 'base64'))) {
      findings.failed(name, `${name}: the confirmation of its immediate effect is not signed by ${by}.`);
    } else if (passed !== null) {
      findings.proven(
        `The approver with ${by} confirmed in a signed statement that ${name} ${IMMEDIATE_WORDS[passed]}.`,
      );
    }
  }
}
