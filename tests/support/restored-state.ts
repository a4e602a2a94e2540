/** The state of a server that was restored from a backup without a copy of the ledger. */
import { type RecoveryState, recoverySchema } from '../../server/recovery/recovery-state.ts';

export const restoredState = (changed: Partial<RecoveryState> = {}): RecoveryState =>
  recoverySchema.parse({
    id: 'a',
    at: 1,
    realAt: 1,
    restoredAt: 2,
    recordFloor: 0,
    ledger: 'suspended',
    rejoined: 0,
    from: { list: 1, crl: 1, approvers: 1, ledger: 5 },
    to: { list: 2, crl: 2 },
    revocations: 'unknown',
    revoked: 0,
    missing: [],
    missingApprovers: 0,
    withdrawn: { sessions: 0, tokens: 0, invitations: 0, codes: 0, commands: 0, proposals: 0 },
    recalled: { devices: 0, newer: 0, revisions: 0, approvers: 0 },
    notContainedSize: 0,
    closedAt: null,
    resumed: null,
    notContained: null,
    continued: null,
    reportedLoss: 0,
    conversations: 0,
    ...changed,
  });
