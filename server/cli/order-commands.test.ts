/** Impact, exemptions and proceedings of an order with `cordon orders`, on the real API and store. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { addLocatedFleet } from '../../tests/support/located-fleet.ts';
import { type OrderCli, startOrderCli } from '../../tests/support/order-cli.ts';

let people: OrderCli;
beforeAll(async () => {
  people = await startOrderCli();
  await people.adoptApprovers();
});
afterAll(() => people.close());

it('rehearses a draft, a revision and a comparison, and writes device ids and names to separate files', async () => {
  const group = await addGroup(people.api.database, 'All');
  const now = Date.now();
  const seen = (area: string) => [{ source: 'address', areas: [area], at: now - 1000, connected: true } as const];
  const presence = { connected: true, listVersion: 1 };
  const [first, second] = await addLocatedFleet(people.api.database, group, now, [
    { user: 'Ayesha', home: 'PK', presence, seen: seen('PK') },
    { user: '=1+1', home: 'AE', presence, seen: seen('AE') },
  ]);
  if (!first || !second) throw new Error('no devices');
  const flags = [
    '--title',
    'Rehearsed',
    '--areas',
    'PK',
    '--services',
    'messaging',
    '--nexus',
    'present',
    '--unknown',
    'allow',
    '--contested',
    'allow',
    '--travelers',
    'allow',
    '--authority',
    'A',
    '--addressee',
    'B',
    '--instrument',
    'C',
    '--statement',
    'en=Service ends.',
    '--effective',
    '2099-11-30T12:00:00Z',
  ];
  const wrong = await people.cordon('ada', ['orders', 'rehearse', ...flags, '--areas', 'pk']);
  expect(wrong.out).toMatch(/invalid: areas.1: .*pk/);
  const draft = await people.cordon('ada', ['orders', 'rehearse', ...flags]);
  expect([draft.code, draft.err]).toEqual([0, '']);
  expect(draft.out).toMatch(/The draft, for 2099-11-30T12:00:00.000Z, of 2 devices/);
  expect(draft.out).toMatch(/denied +1\n/);
  expect(draft.out).toMatch(/WARNING The order blocks 50 % of the fleet/);
  const { order } = (await people.cordon('ada', ['orders', 'propose', ...flags, '--json'])).json();
  await people.cordon('ada', ['orders', 'revise', order, '--areas', 'PK', 'AE']);

  const both = await people.cordon('ben', ['orders', 'rehearse', order, '--baseline', '1']);
  expect([both.code, both.err]).toEqual([0, '']);
  expect(both.out).toContain('compared with revision 1: newly affected 1, no longer affected 0, changed 0');
  expect(both.out).toMatch(/PK +1 +1\n/);
  const one = (await people.cordon('ben', ['orders', 'rehearse', order, '--revision', '1', '--json'])).json();
  expect(one).toMatchObject({ revision: 1, changes: null, counts: { denied: 1, undelivered: 1 }, total: 1 });
  expect(one.warnings).toHaveLength(1);

  const file = join(people.folder, 'rehearsal.csv');
  const saved = await people.cordon('ben', [
    'orders',
    'rehearse',
    order,
    '--baseline',
    '1',
    '--change',
    'newly_affected',
    '--csv',
    file,
  ]);
  expect([saved.code, saved.err]).toEqual([0, '']);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual([second]);
  expect((await people.cordon('ben', ['orders', 'rehearse', order, '--csv', file])).code).toBe(EXIT.conflict);
  for (const args of [
    [order, ...flags],
    [...flags, '--baseline', '1'],
    [...flags, '--csv', join(people.folder, 'other.csv')],
  ]) {
    expect((await people.cordon('ben', ['orders', 'rehearse', ...args])).code).toBe(EXIT.usage);
  }

  const key = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
  const out = join(people.folder, 'names.age');
  const named = ['orders', 'names', order, '--to', 'Counsel', '--out', out, '--recipient'];
  expect((await people.cordon('ben', [...named, key.slice(0, -1)])).code).toBe(EXIT.usage);
  const sealed = await people.cordon('ben', [...named, key]);
  expect([sealed.code, sealed.err]).toEqual([0, '']);
  expect(readFileSync(out, 'latin1')).toMatch(/^age-encryption.org\/v1\n/);
  expect(readFileSync(out, 'latin1')).not.toContain('Ayesha');
});

it('exempts devices until a given time, and lists each exemption with reason and approvers', async () => {
  const home = { home: 'PK', presence: { connected: true, listVersion: 1 } };
  const [mission, clinic] = await addLocatedFleet(
    people.api.database,
    await addGroup(people.api.database, 'spared'),
    Date.now(),
    [home, home],
  );
  const terms = ['--file', people.termsFile('terms'), '--exempt-until', '2100-01-31T00:00'];
  const nobody = await people.cordon('ben', ['orders', 'propose', ...terms]);
  expect([nobody.code, nobody.err]).toEqual([EXIT.usage, expect.stringContaining('--exempt DEVICE')]);
  const early = await people.cordon('ben', [
    'orders',
    'propose',
    ...terms.with(-1, '2099-01-01T00:00'),
    '--exempt',
    mission!,
  ]);
  expect([early.code, early.err]).toEqual([EXIT.usage, expect.stringContaining('before the order takes effect')]);
  const exempt = ['--exempt', mission!, clinic!, '--exempt-reason', 'A note, in confidence.'];
  const proposed = await people.cordon('ben', ['orders', 'propose', ...terms, ...exempt]);
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  expect(proposed.out).toContain('2 devices until 2100-01-30T19:00:00.000Z = 2100-01-31T00:00:00+05:00[Asia/Karachi]');
  expect(proposed.out).not.toContain('in confidence');
  const number = /orders approve (\S+) 1 /.exec(proposed.out)?.[1] ?? '';
  for (const who of ['ada', 'dan']) await people.approve(who, number, 1);
  const rollout = await people.cordon('cleo', ['orders', 'rollout', number]);
  expect([rollout.code, rollout.out]).toEqual([0, expect.stringMatching(/^state +devices\nNot yet delivered +1\n/m)]);
  expect(rollout.out).toMatch(/^Affected devices +1$/m);
  const help = await people.cordon('cleo', ['orders', 'rollout', '--help']);
  expect(help.out).toContain('Offline, not delivered: The device is offline and has sent no receipt');
  const shownExemptions = await people.cordon('cleo', ['orders', 'exemptions', number]);
  expect(shownExemptions.code).toBe(0);
  const row = new RegExp(
    `${mission} +Samantha +2100-01-30T19:00:00\\.000Z +A note, in confidence\\. +1 +ben@example\\.org +(ada|dan)@example\\.org, (ada|dan)@`,
  );
  expect(shownExemptions.out).toMatch(row);
  const { exemptions } = (await people.cordon('cleo', ['orders', 'exemptions', number, '1', '--json'])).json();
  expect(exemptions).toHaveLength(2);
  expect((await people.cordon('cleo', ['orders', 'exemptions', number, '9'])).code).toBe(EXIT.notFound);
});

it('records an answer with its document, a correction, and an appeal with its decision', async () => {
  const file = people.termsFile('answer-terms', { answerBy: '2020-01-01T12:00' });
  const reply = join(people.folder, 'reply.pdf');
  writeFileSync(reply, 'the reply');
  const { order } = (await people.cordon('ada', ['orders', 'propose', '--file', file, '--json'])).json();
  expect((await people.cordon('ada', ['orders', 'show', order])).out).toContain('Answer overdue');
  const day = ['--on', '2020-01-02'];
  const without = await people.cordon('ada', ['orders', 'answer', order, ...day, '--by', 'Ada']);
  expect([without.code, without.err]).toEqual([EXIT.usage, expect.stringContaining('--document')]);
  const answer = ['orders', 'answer', order, ...day, '--document', `Reply=${reply}`];
  const recorded = await people.cordon('ada', [...answer, '--by', 'Ada', '--note', 'By courier.']);
  expect([recorded.code, recorded.err]).toEqual([0, '']);
  expect(recorded.out).toMatch(
    /record 1 {2}Answered on 2020-01-02 by Ada\n +Reply, SHA-256 [0-9a-f]{64}\n +By courier\./,
  );
  const again = await people.cordon('ben', [...answer, '--by', 'Ben']);
  expect([again.code, again.err]).toEqual([EXIT.usage, expect.stringContaining('The answer is recorded already')]);
  expect((await people.cordon('ben', [...answer, '--by', 'Ada Okafor', '--corrects', '1'])).code).toBe(0);
  const court = ['--court', 'High Court', '--case', '1/2020'];
  expect((await people.cordon('ben', ['orders', 'appeal', order, '--on', '2020-02-01', ...court])).code).toBe(0);
  const decision = [
    'orders',
    'appeal-decision',
    order,
    '--appeal',
    '3',
    '--on',
    '2020-03-01',
    '--outcome',
    'dismissed',
  ];
  expect((await people.cordon('ben', decision)).code).toBe(0);
  const { out } = await people.cordon('cleo', ['orders', 'show', order]);
  expect(out).toContain('Answered on 2020-01-02');
  expect(out).toContain('record 1  Answered on 2020-01-02 by Ada (replaced by record 2)');
  expect(out).toContain('record 3  Appeal filed on 2020-02-01: High Court, case 1/2020');
  expect(out).toContain('record 4  Appeal 3 decided on 2020-03-01: dismissed');
});
