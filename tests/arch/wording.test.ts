import { expect, it } from 'vitest';
import { checkHeadline, checkText } from './wording.ts';

const rulesOf = (source: string, file = 'server/x.ts') => checkText(file, source).map(({ rule }) => rule);

it.each([
  ['/** It retries. */', ['opening']],
  ['/** Who may sign. */', ['opening']],
  ['/** Of the newest revision. */', ['opening']],
  ['// They wait.\n// The agent retries.', ['opening']],
  ['/** Its state. */', ['opening']],
  ['/** The agent retries. It waits first. */', []],
  ['/** Item of the list. */', []],
  ["const a = 'Ask somebody with the role.';", ['banned word']],
  ["const a = 'The order comes into force.';", ['banned word']],
  [`const a = \`The organisation of \${b}.\`;`, ['banned word']],
  ['const a = sql`select organisation from x`;', []],
  ["const a = 'The organization.';", []],
  [`const a = '${'word '.repeat(31)}';`, ['long sentence']],
  [`const a = '${'word '.repeat(15)}end. ${'word '.repeat(15)}end.';`, []],
  [`const a = \`${'word '.repeat(30)}\${b}\`;`, ['long sentence']],
])('%s has the findings %j', (source, rules) => expect(rulesOf(source)).toEqual(rules));

it('reads the text of an element as one sentence', () => {
  const words = 'word '.repeat(20);
  expect(rulesOf(`const a = <p>${words}{b} ${words}</p>;`, 'server/x.tsx')).toEqual(['long sentence']);
});

it('lets tests have long sentences', () => {
  expect(rulesOf(`const a = '${'word '.repeat(31)}';`, 'server/x.test.ts')).toEqual([]);
});

it.each([
  ['Reject an end time in the past', 0],
  ['A better rejection of end times', 1],
  ['Rejected an end time', 1],
  [`Reject ${'x'.repeat(70)}`, 1],
])('the headline "%s" has %i findings', (headline, count) => {
  expect(checkHeadline(headline, 'abc')).toHaveLength(count);
});
