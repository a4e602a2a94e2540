import { expect, it } from 'vitest';
import type { Message } from '../../api.ts';
import { byDay, follows } from './days.ts';

const message = (at: number, person = 'per_a', mine = false): Message => ({
  id: `${person}-${at}`,
  conversation: 'c',
  from: { person, name: person },
  mine,
  at,
  text: '',
  attachments: [],
  state: 'read',
  order: null,
  refusal: null,
  missed: [],
});
const local = (text: string) => new Date(text).getTime();

it('groups messages by day, and names today and yesterday', () => {
  const now = local('2026-12-30T09:00');
  const said = ['2026-12-28T23:59', '2026-12-29T00:01', '2026-12-29T23:59', '2026-12-30T00:00'].map((at) =>
    message(local(at)),
  );
  expect(byDay(said, now).map(({ name, messages }) => [name, messages.length])).toEqual([
    ['Monday, 28 December 2026', 1],
    ['Yesterday', 2],
    ['Today', 1],
  ]);
  expect(byDay([], now)).toEqual([]);
});

it('shows a name once for messages in quick succession', () => {
  expect(follows(message(10_000), message(0))).toBe(true);
  expect(follows(message(300_000), message(0))).toBe(false);
  expect(follows(message(10_000, 'per_b'), message(0))).toBe(false);
  expect(follows(message(0), undefined)).toBe(false);
  expect(follows({ ...message(10), from: null }, message(0))).toBe(false);
});
