import { describe, expect, it } from 'vitest';
import { emptyReport, filledReport, signedStatement } from '../../tests/support/transparency-report.ts';
import { keysSection, requestsSection, statementSection, suspendedDays } from './report-html.ts';

const report = filledReport();

describe('the signed statement', () => {
  it('shows its words, dates, signers’ key ids, and its proof in the ledger', () => {
    const { text } = statementSection(report);
    if (report.statement.state !== 'valid') throw new Error('the statement is valid');
    const { statement, inclusion } = report.statement;
    expect(text).toContain('We have never given a key, never built an interception, never permitted wholesale access.');
    for (const { keyid, sig } of statement.signatures) {
      expect(text).toContain(keyid);
      expect(text).toContain(sig);
    }
    expect(text).toContain('1 December 2015');
    expect(text).toContain(statement.digest);
    expect(text).toContain('Entry 4711');
    expect(text).toContain(inclusion?.proof[0]);
    expect(text).toContain('cordon/ins_test\n4712\n');
    expect(text).not.toContain('Absent');
    // The list of earlier statements does not repeat the current one.
    expect(text.match(/<li>/g)).toHaveLength(1);
  });

  it('says in words that an expired statement is absent, and does not repeat its text', () => {
    const since = Date.parse('2015-11-02T09:00:00.000Z');
    const { text } = statementSection({ ...report, statement: { state: 'expired', since } });
    expect(text).toContain('<p class="absent"><strong>Absent: the signed statement has expired.</strong>');
    expect(text).toContain('2 November 2015');
    expect(text).not.toContain('wholesale access');
  });

  it('says that no statement was ever signed', () => {
    expect(statementSection(emptyReport()).text).toContain('Absent: there is no signed statement.');
  });

  it('says that the entry of a new statement is not in a checkpoint yet', () => {
    const statement = signedStatement('2015-11-01T09:00:00.000Z', '2015-12-01T09:00:00.000Z');
    const { text } = statementSection({ ...report, statement: { state: 'valid', statement, inclusion: null } });
    expect(text).toContain('The entry is not in a checkpoint yet.');
  });
});

it('counts requests by month, and refusals by reason, and links to years that have ended and to the report as JSON', () => {
  const { text } = requestsSection(report);
  for (const line of [
    '<dt>Demands received</dt><dd>1,213</dd>',
    '<dt>Requests answered</dt><dd>5</dd>',
    '<dt>Requests pending</dt><dd>2, at the end of 2015-10</dd>',
    '<tr><th scope="row">2015-03</th><td class="number">1,208</td><td class="number">4</td><td class="number">3</td><td class="number">1,204</td></tr>',
    'All counts are exact, also small ones.',
    '<a href="?from=2014-01&amp;to=2014-12">2014</a>',
    '<tr><td>The demand concerns everyone</td><td class="number">3</td></tr>',
    '/transparency/report.json?from=2014-11&amp;to=2015-10',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain('href="?from=2015-01');
  expect(requestsSection(emptyReport()).text).not.toContain('Refused demands by reason');
});

it('shows the days of suspended service by area, and nothing for a period without them', () => {
  expect(suspendedDays(report).text).toMatch(
    /Pakistan \(PK\)<\/td><td>messaging, .*mail.*<\/td><td class="number">42</,
  );
  expect(suspendedDays(emptyReport()).text).toBe('');
});

it('lists the keys of the server, and escapes their texts', () => {
  const { text } = keysSection(report);
  expect(text).toContain('<dt>Issuing CA</dt><dd>Nothing. The key signs certificates. <code>');
  expect(text).toContain('Passphrase &lt;b&gt;');
});
