/**
 * Delivery state of the user's own message, as an icon with text. The text of a failure is always visible; the text of a success appears on
 * hover and focus.
 */
import {
  IconArrowBackUp,
  IconBan,
  IconCheck,
  IconChecks,
  IconClock,
  IconClockOff,
  IconEyeCheck,
  IconHourglass,
} from '@tabler/icons-react';
import type { Message, MessageState } from '../../api.ts';
import { STATE_WORDS, WORDS } from '../words/english.ts';
import classes from './conversation.module.css';

const ICONS: Readonly<Record<MessageState, typeof IconCheck>> = {
  waiting: IconClock,
  sent: IconCheck,
  held: IconHourglass,
  delivered: IconChecks,
  read: IconEyeCheck,
  refused: IconBan,
  returned: IconArrowBackUp,
  expired: IconClockOff,
};
const WRONG: ReadonlySet<MessageState> = new Set(['refused', 'returned', 'expired']);

export function StateMark({ message: { state, order, missed } }: { readonly message: Message }) {
  const Icon = ICONS[state];
  const { name, meaning } = STATE_WORDS[state];
  const wrong = WRONG.has(state);
  const loud = wrong || state === 'held';
  return (
    <span
      className={classes.state}
      data-wrong={wrong || undefined}
      data-held={state === 'held' || undefined}
      title={meaning}
    >
      <Icon size={15} aria-hidden />
      <span className={loud ? undefined : classes.quiet}>
        {name}
        {order !== null && missed.length === 0 && ` ${WORDS.conversation.byOrder(order)}`}
      </span>
    </span>
  );
}
