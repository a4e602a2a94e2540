import { expect, it } from 'vitest';
import { parseDate } from './parse-date.ts';

it.each([
  ['2015-11-30', '2015-11-30'],
  ['2015-1-3', '2015-01-03'],
  ['30 Nov 2015', '2015-11-30'],
  ['30 November 2015', '2015-11-30'],
  ['3. Dec 2015', '2015-12-03'],
  ['Nov 30, 2015', '2015-11-30'],
  [' november 30 2015 ', '2015-11-30'],
  ['29 Feb 2016', '2016-02-29'],
  ['29 Feb 2015', null],
  ['31 Nov 2015', null],
  ['3/4/2015', null],
  ['30 Foo 2015', null],
  ['0 Nov 2015', null],
  ['tomorrow', null],
  ['', null],
])('%s', (typed, date) => {
  expect(parseDate(typed)).toBe(date);
});
