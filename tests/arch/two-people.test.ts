/**
 * Only `server/independence/independence.ts` decides whether two people count as two. A comparison elsewhere misses a second account of one
 * person, or an account that this person created.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Names of values that hold the id of a person or account who acted. */
const ACTOR =
  '(?:person|author|proposer|uploader|signer|reviewer|publisher|approver|drafter|uploadedBy|createdBy|addedBy|draftedBy|proposedBy|signedBy|publishedBy)';
/** The end of an expression such as `action.person` or `canonical(row.proposer)`, and the start of one. */
const COMPARISONS = [
  /\bcanonical\([^;]*?\) *[!=]==/,
  /[!=]== *(?:[\w.]+\.)?canonical\(/,
  new RegExp(`\\.${ACTOR} *[!=]==(?! *(?:null\\b|undefined\\b|'|"|\`|[A-Z_]+\\b))`),
  new RegExp(`[!=]== *[\\w.]+\\.${ACTOR}\\b`),
  new RegExp(
    `\\b${ACTOR} *[!=]== *(?:by|person|reader|viewer|author|proposer|signer|reviewer|approver|uploader|publisher)\\b`,
  ),
];

/** Files that compare people for another purpose. */
const PERMITTED: Readonly<Record<string, string>> = {
  'server/independence/independence.ts': 'makes the decision',
  'shared/scripts/verify-script.ts':
    'a device knows no relations between accounts, and requires another id than the author’s',
  'shared/pack/check-approvals.ts':
    'an auditor verifies a pack without the accounts of the server, by the rule of devices',
  'server/commands/command-issue.ts': 'recognizes a repeated request by the same account',
  'server/live-queries/live-queries.ts': 'an account sees its own live queries only',
  'server/store/approver-key-store.ts': 'an account registers a key for its own person only',
  'server/cli/countersignatures.ts': 'compares the owner of a device with a signed certificate',
};

it('compares two people only in server/independence', () => {
  const listed = execFileSync('git', ['ls-files', 'server', 'shared'], { encoding: 'utf8' }).trim().split('\n');
  // The console shows what the server decided. It compares ids only to say "you".
  const files = listed.filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('server/console/'),
  );
  expect(files.length).toBeGreaterThan(500);
  const found = files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, at) =>
      COMPARISONS.some((comparison) => comparison.test(line)) ? [{ file, line: `${at + 1}: ${line.trim()}` }] : [],
    );
  });
  expect(found.filter(({ file }) => !(file in PERMITTED))).toEqual([]);
  const unused = Object.keys(PERMITTED).filter(
    (file) => file !== 'server/independence/independence.ts' && !found.some((each) => each.file === file),
  );
  expect(unused).toEqual([]);
});

it.each([
  'if (stored.uploadedBy === by.account) {',
  'if (people.canonical(set.persons.get(keyid) ?? "") !== signer) {',
  'action.person !== decider.person',
  'const author = same === canonical(person);',
  'if (key.person !== by)',
])('finds the comparison %s', (line) => {
  expect(COMPARISONS.some((comparison) => comparison.test(line))).toBe(true);
});
