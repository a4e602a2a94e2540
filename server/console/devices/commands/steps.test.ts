import { describe, expect, it } from 'vitest';
import type { CommandView } from '../../../../shared/api/commands.ts';
import { stepsOf } from './steps.ts';

type Given = Parameters<typeof stepsOf>[0];

const command = (state: CommandView['state'], storedAt: number | null, finishedAt: number | null): Given => ({
  command: { kind: 'refresh-inventory' },
  state,
  createdAt: 1,
  storedAt,
  finishedAt,
  displayed: null,
});
const message = (state: CommandView['state'], storedAt: number | null, displayed: Given['displayed']): Given => ({
  ...command(state, storedAt, storedAt),
  command: { kind: 'message', text: 'The office is closed.' },
  displayed,
});

const TABLE: [string, Given, string[]][] = [
  ['waits', command('queued', null, null), ['Sent reached 1', 'Delivered waiting null', 'Completed waiting null']],
  ['is there', command('stored', 2, null), ['Sent reached 1', 'Delivered reached 2', 'Completed waiting null']],
  ['is done', command('done', 2, 3), ['Sent reached 1', 'Delivered reached 2', 'Completed reached 3']],
  ['failed', command('failed', 2, 3), ['Sent reached 1', 'Delivered reached 2', 'Failed failed 3']],
  ['never came', command('expired', null, 3), ['Sent reached 1', 'Expired failed 3']],
  ['came and was given up', command('expired', 2, 3), ['Sent reached 1', 'Delivered reached 2', 'Expired failed 3']],
  [
    'is a message that waits',
    message('queued', null, null),
    ['Sent reached 1', 'Delivered waiting null', 'Displayed to the user waiting null'],
  ],
  [
    'is a message that nobody has seen',
    message('done', 2, null),
    ['Sent reached 1', 'Delivered reached 2', 'Displayed to the user waiting null'],
  ],
  [
    'is a message that the user has seen',
    message('done', 2, { at: 5, on: 'page' }),
    ['Sent reached 1', 'Delivered reached 2', 'Displayed on the device page reached 5'],
  ],
  ['is a message that never came', message('canceled', null, null), ['Sent reached 1', 'Canceled failed null']],
  ['was called back', command('canceled', null, 3), ['Sent reached 1', 'Canceled failed 3']],
];

describe('the steps of a command that', () => {
  for (const [name, given, steps] of TABLE) {
    it(name, () => expect(stepsOf(given).map(({ label, state, at }) => `${label} ${state} ${at}`)).toEqual(steps));
  }
});
