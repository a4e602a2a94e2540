/** How far a command has come, step by step. */
import type { CommandView } from '../../../../shared/api/commands.ts';

export interface Step {
  readonly label: string;
  /** Null: not reached, or at a time that nobody knows. */
  readonly at: number | null;
  readonly state: 'reached' | 'waiting' | 'failed';
}

const ENDS = { done: 'Done', failed: 'Failed', expired: 'Given up', cancelled: 'Cancelled' } as const;

export function stepsOf({
  state,
  createdAt,
  storedAt,
  finishedAt,
}: Pick<CommandView, 'state' | 'createdAt' | 'storedAt' | 'finishedAt'>): Step[] {
  const sent: Step = { label: 'Sent', at: createdAt, state: 'reached' };
  const onDevice = storedAt !== null || state === 'stored';
  const stored: Step = { label: 'On the device', at: storedAt, state: onDevice ? 'reached' : 'waiting' };
  if (state === 'queued' || state === 'stored') {
    return [sent, stored, { label: 'Done', at: null, state: 'waiting' }];
  }
  const end: Step = { label: ENDS[state], at: finishedAt, state: state === 'done' ? 'reached' : 'failed' };
  // It may have ended without ever having been there.
  return onDevice ? [sent, stored, end] : [sent, end];
}
