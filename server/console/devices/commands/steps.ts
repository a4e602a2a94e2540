import type { CommandView } from '../../../../shared/api/commands.ts';
import type { DisplayedOn } from '../../../../shared/protocol/report-item.ts';

export interface Step {
  readonly label: string;
  /** Unix milliseconds at which the command reached the step. Null if the command has not reached the step, or if the time is unknown. */
  readonly at: number | null;
  readonly state: 'reached' | 'waiting' | 'failed';
}

/** A command that sends a message is complete when the device has stored the message, even before the user has seen it. */
const ENDS = { done: 'Completed', failed: 'Failed', expired: 'Expired', canceled: 'Canceled' } as const;

const DISPLAYED_ON: Readonly<Record<DisplayedOn, string>> = {
  desktop: 'Displayed on the desktop',
  page: 'Displayed on the device page',
  'command-line': 'Displayed on the command line',
};

export function stepsOf({
  command,
  state,
  createdAt,
  storedAt,
  finishedAt,
  displayed,
}: Pick<CommandView, 'command' | 'state' | 'createdAt' | 'storedAt' | 'finishedAt' | 'displayed'>): Step[] {
  const sent: Step = { label: 'Sent', at: createdAt, state: 'reached' };
  const onDevice = storedAt !== null || state === 'stored';
  if (command.kind === 'message' && (displayed || state === 'queued' || state === 'stored' || state === 'done')) {
    const arrival = storedAt ?? finishedAt;
    const delivered = arrival !== null || displayed !== null;
    return [
      sent,
      { label: 'Delivered', at: arrival, state: delivered ? 'reached' : 'waiting' },
      displayed
        ? { label: DISPLAYED_ON[displayed.on], at: displayed.at, state: 'reached' }
        : { label: 'Displayed to the user', at: null, state: 'waiting' },
    ];
  }
  const stored: Step = { label: 'Delivered', at: storedAt, state: onDevice ? 'reached' : 'waiting' };
  if (state === 'queued' || state === 'stored') {
    return [sent, stored, { label: 'Completed', at: null, state: 'waiting' }];
  }
  const end: Step = { label: ENDS[state], at: finishedAt, state: state === 'done' ? 'reached' : 'failed' };
  // A command can end, for example by cancellation, before it reaches the device.
  return onDevice ? [sent, stored, end] : [sent, end];
}
