import { describe, expect, it } from 'vitest';
import type { CommandView } from '../../../../shared/api/commands.ts';
import { stepsOf } from './steps.ts';

const command = (state: CommandView['state'], storedAt: number | null, finishedAt: number | null) => ({
  state,
  createdAt: 1,
  storedAt,
  finishedAt,
});

const TABLE: [string, ReturnType<typeof command>, string[]][] = [
  ['waits', command('queued', null, null), ['Sent reached 1', 'On the device waiting null', 'Done waiting null']],
  ['is there', command('stored', 2, null), ['Sent reached 1', 'On the device reached 2', 'Done waiting null']],
  ['is done', command('done', 2, 3), ['Sent reached 1', 'On the device reached 2', 'Done reached 3']],
  ['failed', command('failed', 2, 3), ['Sent reached 1', 'On the device reached 2', 'Failed failed 3']],
  ['never came', command('expired', null, 3), ['Sent reached 1', 'Given up failed 3']],
  [
    'came and was given up',
    command('expired', 2, 3),
    ['Sent reached 1', 'On the device reached 2', 'Given up failed 3'],
  ],
  ['was called back', command('cancelled', null, 3), ['Sent reached 1', 'Cancelled failed 3']],
];

describe('the steps of a command that', () => {
  for (const [name, given, steps] of TABLE) {
    it(name, () => expect(stepsOf(given).map(({ label, state, at }) => `${label} ${state} ${at}`)).toEqual(steps));
  }
});
