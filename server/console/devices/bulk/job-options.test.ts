import { describe, expect, it } from 'vitest';
import { jobOptionsOf, NO_OPTIONS, waveSizesOf } from './job-options.ts';

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

  it('are null for an incomplete window', () => {
    expect(jobOptionsOf({ ...NO_OPTIONS, windowFrom: '22:00' })).toBeNull();
    expect(jobOptionsOf({ ...NO_OPTIONS, windowFrom: '22:00', windowTo: '22:00' })).toBeNull();
  });
});
