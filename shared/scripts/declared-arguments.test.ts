import { expect, it } from 'vitest';
import { argumentDeclarations, argumentsProblem } from './declared-arguments.ts';

it.each([
  [[], [], true],
  [[], ['x'], false],
  [['count: integer'], ['12'], true],
  [['count: integer'], ['12; id'], false],
  [['count: integer'], ['12\n'], false],
  [['count: integer'], [], false],
  [['count: integer'], ['0'], true],
  [['count: integer'], ['-1'], false],
  [['count: integer'], ['+1'], false],
  [['count: integer'], ['007'], false],
  [['count: integer'], ['1234567890123456'], false],
  [['disk: word'], ['sda-1'], true],
  [['disk: word'], ['-rf'], false],
  [['disk: word'], ['../etc'], false],
  [['mode: fast|slow'], ['slow'], true],
  [['mode: fast|slow'], ['fast|slow'], false],
  [['mode: fast|slow'], [''], false],
  [['note: text'], ['$(id)'], true],
  [['note: text'], ['Grüße, علی - ok'], true],
  [['note: text'], ['-rf'], false],
  [['note: text'], ['--exec=x'], false],
  [['note: text'], ['a\nb'], false],
  [['note: text'], ['a\tb'], false],
  [['note: text'], ['a\u202eb'], false],
  [['note: text'], ['a\u200fb'], false],
  [['note: text'], ['a\u0000b'], false],
  [['note: text'], ['a\u001b[2J'], false],
  [['note: text', 'count: integer'], ['a', 'b'], false],
])('%j accepts %j: %s', (declared, values, accepted) => {
  expect(argumentsProblem(declared, values) === null).toBe(accepted);
});

it.each(['count', 'count:integer', 'Count: integer', 'count: float', 'count: ', 'count: a|', 'count: a|b c'])(
  'refuses the declaration %j',
  (declaration) => {
    expect(argumentDeclarations.safeParse([declaration]).success).toBe(false);
  },
);
