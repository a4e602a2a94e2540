import type { Message } from '../../api.ts';
import { WORDS } from '../words/english.ts';

export interface Day {
  readonly name: string;
  readonly messages: readonly Message[];
}

const DAY = 86_400_000;
const full = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export function byDay(messages: readonly Message[], now: number): readonly Day[] {
  const days: { name: string; key: string; messages: Message[] }[] = [];
  for (const message of messages) {
    const key = new Date(message.at).toDateString();
    const last = days.at(-1);
    if (last?.key === key) last.messages.push(message);
    else days.push({ name: nameOfDay(message.at, now), key, messages: [message] });
  }
  return days;
}

function nameOfDay(at: number, now: number): string {
  const of = (instant: number) => new Date(instant).toDateString();
  if (of(at) === of(now)) return WORDS.conversation.today;
  // Noon minus 24 hours is always on the previous day. Midnight minus 24 hours is not, when the clocks change.
  if (of(at) === of(new Date(now).setHours(12, 0, 0, 0) - DAY)) return WORDS.conversation.yesterday;
  return full.format(at);
}

/** True if the message follows shortly after a message of the same person. The page then omits name and picture. */
export function follows(message: Message, before: Message | undefined): boolean {
  if (before === undefined || message.from === null || before.from === null) return false;
  return message.from.person === before.from.person && message.mine === before.mine && message.at - before.at < 300_000;
}
