/** The root of approvers, read from the text that its signers signed. */
import type { ApproversView } from '../../../shared/api/approvers.ts';
import { describeRoot } from '../../../shared/order/describe-revision.ts';
import type { Approvers } from '../../../shared/order/documents.ts';

export function rootsOf({ current, waiting }: Pick<ApproversView, 'current' | 'waiting'>): {
  readonly current: Approvers | null;
  readonly waiting: Approvers | null;
} {
  const read = (root: typeof current) => root && describeRoot(root.payload, root.version).document;
  return { current: read(current), waiting: read(waiting) };
}

/**
 * absent: this browser keeps no key. unregistered: the server does not know it. unlisted: no root names it. waiting: the next root does.
 * listed: what it signs counts.
 */
export type KeyStanding = 'absent' | 'unregistered' | 'unlisted' | 'waiting' | 'listed';

export function keyStanding(
  keyid: string | null,
  registered: readonly string[] | null,
  { current, waiting }: ReturnType<typeof rootsOf>,
): KeyStanding {
  const names = (root: Approvers | null) => root?.approvers.some((approver) => approver.keyid === keyid) ?? false;
  if (keyid === null) return 'absent';
  if (names(current)) return 'listed';
  if (names(waiting)) return 'waiting';
  return registered === null || registered.includes(keyid) ? 'unlisted' : 'unregistered';
}
