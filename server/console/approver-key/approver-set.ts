/** Parses an approver set in the text form that approvers sign. */
import type { ApproversView } from '../../../shared/api/approvers.ts';
import { describeApproverSet } from '../../../shared/order/describe-revision.ts';
import type { Approvers } from '../../../shared/order/documents.ts';

export function approverSetsOf({ current, pending }: Pick<ApproversView, 'current' | 'pending'>): {
  readonly current: Approvers | null;
  readonly waiting: Approvers | null;
} {
  const read = (approverSet: typeof current) =>
    approverSet && describeApproverSet(approverSet.payload, approverSet.version).document;
  return { current: read(current), waiting: read(pending) };
}

/**
 * State of the admin's approver key. `absent`: this browser has no key. `unregistered`: the server does not have the public key.
 * `unlisted`: no approver set contains the key. `waiting`: the proposed approver set contains the key, but the current set does not.
 * `listed`: the current approver set contains the key.
 */
export type KeyState = 'absent' | 'unregistered' | 'unlisted' | 'waiting' | 'listed';

export function keyState(
  keyid: string | null,
  registered: readonly string[] | null,
  { current, waiting }: ReturnType<typeof approverSetsOf>,
): KeyState {
  const names = (approverSet: Approvers | null) =>
    approverSet?.approvers.some((approver) => approver.keyid === keyid) ?? false;
  if (keyid === null) return 'absent';
  if (names(current)) return 'listed';
  if (names(waiting)) return 'waiting';
  return registered === null || registered.includes(keyid) ? 'unlisted' : 'unregistered';
}
