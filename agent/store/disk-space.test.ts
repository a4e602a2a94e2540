import { describe, expect, it } from 'vitest';
import { diskState, FREE_FOR_OTHERS, FULL_BELOW, growth, isOutOfSpace, RESERVE_SIZE } from './disk-space.ts';

const size = RESERVE_SIZE;
const PLENTY = 100 * size;
const failure = (fields: object) => Object.assign(new Error('it failed'), fields);

it.each([
  [PLENTY, size, 'ok'],
  [FULL_BELOW, size, 'ok'],
  [FULL_BELOW - 1, size, 'full'],
  [0, size, 'full'],
  [0, 0, 'full'],
  [FULL_BELOW, size - 1, 'low'],
  [PLENTY, 0, 'low'],
] as const)('with %d bytes free and %d reserved, the disk is %s', (free, reserved, state) => {
  expect(diskState({ free, reserved, size })).toBe(state);
});

it.each([
  ['its whole size at once', PLENTY, 0, size],
  ['the missing bytes', PLENTY, size - 10, 10],
  ['nothing when it is complete', PLENTY, size, 0],
  ['nothing when it is larger than it should be', PLENTY, size + 10, 0],
  ['the bytes that other programs do not need', FREE_FOR_OTHERS + 10, 0, 10],
  ['nothing of the space for other programs', FREE_FOR_OTHERS, 0, 0],
  ['nothing on a full disk', 0, 0, 0],
] as const)('the reserve grows by %s', (_case, free, reserved, bytes) => {
  expect(growth({ free, reserved, size })).toBe(bytes);
});

describe('the check whether more disk space may help', () => {
  it.each([
    ['SQLITE_FULL', { errcode: 13 }, true],
    ['SQLITE_IOERR_WRITE, as with a used-up quota', { errcode: 778 }, true],
    ['SQLITE_IOERR_SHMSIZE', { errcode: 4874 }, true],
    ['SQLITE_IOERR_FSYNC', { errcode: 1034 }, true],
    ['SQLITE_CANTOPEN', { errcode: 14 }, true],
    ['ENOSPC', { code: 'ENOSPC' }, true],
    ['EDQUOT', { code: 'EDQUOT' }, true],
    ['SQLITE_BUSY', { errcode: 5, code: 'ERR_SQLITE_ERROR' }, false],
    ['SQLITE_READONLY', { errcode: 8 }, false],
    ['SQLITE_CORRUPT', { errcode: 11 }, false],
    ['SQLITE_CONSTRAINT', { errcode: 19 }, false],
    ['EACCES', { code: 'EACCES' }, false],
    ['a refused document', { code: 'list_older' }, false],
    ['no code', {}, false],
  ])('%s', (_name, fields, expected) => {
    expect(isOutOfSpace(failure(fields))).toBe(expected);
  });

  it('does not help when the thrown value is not an error', () => {
    expect(isOutOfSpace({ code: 'ENOSPC' })).toBe(false);
  });
});
