import { describe, expect, it } from 'vitest';
import { newCommandId } from '../../../../shared/protocol/ids.ts';
import { jobOptionsOf, NO_OPTIONS, waveSizesOf } from './job-options.ts';

const JOB = newCommandId();

describe('the sizes of waves', () => {
  it.each([
    ['', []],
    [' 10 , 10% ', [{ count: 10 }, { percent: 10 }]],
    ['0.5%', [{ percent: 0.5 }]],
    ['0', null],
    ['101%', null],
    ['ten', null],
    ['10,', null],
  ])('%j', (text, sizes) => expect(waveSizesOf(text)).toEqual(sizes));
});

describe('the fields of a job', () => {
  it('are absent unless the admin sets them', () => expect(jobOptionsOf(NO_OPTIONS)).toEqual({}));

  it('contain what the admin typed', () => {
    const typed = { ...NO_OPTIONS, name: ' Patch day ', waves: '5%', stopAt: 2, attempts: 3, joiners: true };
    expect(jobOptionsOf({ ...typed, windowFrom: '22:00', windowTo: '04:00' })).toEqual({
      name: 'Patch day',
      waves: [{ percent: 5 }],
      stop: { percent: 2 },
      retry: { attempts: 3 },
      window: { from: '22:00', to: '04:00' },
      joiners: 'include',
    });
  });

  it('contain the advanced options', () => {
    const typed = { priority: 'high' as const, supersedes: ' nightly-refresh ', after: ` ${JOB} ` };
    expect(jobOptionsOf({ ...NO_OPTIONS, ...typed })).toEqual({
      priority: 'high',
      supersedes: 'nightly-refresh',
      after: JOB,
    });
  });

  it.each([{ supersedes: 'Nightly refresh' }, { supersedes: 'a'.repeat(65) }, { after: 'cmd_1' }, { after: 'job' }])(
    'are null for the invalid option %j',
    (typed) => expect(jobOptionsOf({ ...NO_OPTIONS, ...typed })).toBeNull(),
  );

  it('are null for an incomplete window', () => {
    expect(jobOptionsOf({ ...NO_OPTIONS, windowFrom: '22:00' })).toBeNull();
    expect(jobOptionsOf({ ...NO_OPTIONS, windowFrom: '22:00', windowTo: '22:00' })).toBeNull();
  });
});
