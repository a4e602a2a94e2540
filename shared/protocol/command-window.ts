/** Maintenance windows in the local time of a device. The device itself decides whether a window is open, because only the device knows its time zone. */
import { z } from 'zod';

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:00');

/** Days of ISO 8601: 1 is Monday, 7 is Sunday. A window that crosses midnight belongs to the day on which it opens. */
export const commandWindowSchema = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    days: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  })
  .refine(({ from, to }) => from !== to, 'the window must end at another time than it starts');
export type CommandWindow = z.infer<typeof commandWindowSchema>;

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Whether the window is open on the weekday `day` (1 to 7) at `minute` minutes after local midnight. */
export function isOpenAt({ from, to, days }: CommandWindow, day: number, minute: number): boolean {
  const opens = minuteOf(from);
  const closes = minuteOf(to);
  const on = (weekday: number) => days === undefined || days.includes(weekday);
  if (opens < closes) return on(day) && minute >= opens && minute < closes;
  const dayBefore = day === 1 ? 7 : day - 1;
  return (on(day) && minute >= opens) || (on(dayBefore) && minute < closes);
}

/** Whether the window is open at `now` (Unix milliseconds), in the time zone of this process. */
export function isOpen(window: CommandWindow, now: number): boolean {
  const local = new Date(now);
  return isOpenAt(window, local.getDay() === 0 ? 7 : local.getDay(), local.getHours() * 60 + local.getMinutes());
}
