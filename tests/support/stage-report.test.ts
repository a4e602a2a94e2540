import { expect, it } from 'vitest';
import { filesForSecondTry, type StageReport } from './stage-report.ts';

const reportOf = (failed: readonly string[], errors = 0): StageReport => ({
  files: ['a', 'b', 'c', 'd', 'e'].map((path) => ({
    path,
    failed: failed.includes(path),
    seconds: 1,
    passedTests: 1,
    failedTests: Number(failed.includes(path)),
    skippedTests: [],
  })),
  errors,
});

it.each([
  ['no failed file', reportOf([]), 3, []],
  ['one failed file', reportOf(['b']), 3, ['b']],
  ['as many failed files as may run once more', reportOf(['a', 'b', 'd']), 3, ['a', 'b', 'd']],
  ['more failed files', reportOf(['a', 'b', 'c', 'd']), 3, []],
  ['a failed file after an earlier stage has used every second try', reportOf(['a']), 0, []],
  ['a failed file beside an error that belongs to no file', reportOf(['a'], 1), 3, []],
])('a second try after %s', (_case, report, most, files) => {
  expect(filesForSecondTry(report, most)).toEqual(files);
});
