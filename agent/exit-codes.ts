import type { ErrorCode } from '../shared/errors.ts';
import { EXIT, EXIT_CODES } from '../shared/exit-codes.ts';

/** Errors for which the agent's exit code differs from that of the server's command line. */
const ON_DEVICE: Partial<Record<ErrorCode, number>> = {
  rate_limited: EXIT.unavailable,
  approvers_required: EXIT.unavailable,
  code_expired: EXIT.forbidden,
  passphrase_wrong: EXIT.forbidden,
  taken_over: EXIT.forbidden,
  workspace_locked: EXIT.forbidden,
  workspace_wiped: EXIT.forbidden,
  legal_hold: EXIT.forbidden,
  names_in_use: EXIT.forbidden,
  listeners_in_use: EXIT.forbidden,
  frame_malformed: EXIT.unverified,
  frame_too_large: EXIT.unverified,
  approver_unknown: EXIT.unverified,
  threshold_not_met: EXIT.unverified,
};

export const exitOf = (code: ErrorCode): number => ON_DEVICE[code] ?? EXIT_CODES[code];
