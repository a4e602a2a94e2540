/** Proposals with `cordon orders`, from the options to the withdrawal, on the real API and store. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { type OrderCli, startOrderCli } from '../../tests/support/order-cli.ts';

let people: OrderCli;
beforeAll(async () => {
  people = await startOrderCli();
  await people.adoptApprovers();
});
afterAll(() => people.close());

it('proposes from options; two others approve, one pauses and two withdraw the order', async () => {
  const file = people.termsFile('terms');
  const proposed = await people.cordon('ada', [
    'orders',
    'propose',
    '--file',
    file,
    '--title',
    'Pakistan',
    '--waiting',
    'return',
    '--received-on',
    '2015-07-22',
    '--answer-by',
    '2099-08-01T12:00',
    '--provenance',
    'confirmed',
    '--notice',
    'ur=سروس ختم',
    'en=Service ends.',
    '--notice-plan',
    'P7D',
    'effective',
    '--withheld-by',
    'section 5',
    '--json',
  ]);
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  const { order, digest, payload } = proposed.json();
  expect(JSON.parse(payload).terms).toMatchObject({
    title: 'Pakistan',
    effective: '2099-11-30T18:59:00.000Z',
    waiting: 'return',
    provenance: 'confirmed',
    receivedOn: '2015-07-22',
    answerBy: '2099-08-01T07:00:00.000Z',
    publication: { law: 'section 5' },
    notice: { ur: 'سروس ختم', en: 'Service ends.' },
    noticePlan: ['P7D', 'effective'],
  });
  const letter = join(people.folder, 'letter.pdf');
  writeFileSync(letter, 'the letter');
  const papers = [
    '--document',
    `The letter=${letter}`,
    '--considered',
    'Whether to appeal.',
    '--considered-by',
    'counsel',
  ];
  const withPapers = await people.cordon('ada', ['orders', 'propose', '--file', file, ...papers, '--json']);
  expect([withPapers.code, withPapers.err]).toEqual([0, '']);
  const [named] = JSON.parse(withPapers.json().payload).terms.documents;
  expect(named).toMatchObject({ title: 'The letter', mediaType: 'application/pdf', bytes: 10 });
  const copy = join(people.folder, 'copy.pdf');
  const fetched = await people.cordon('ben', ['orders', 'document', withPapers.json().order, named.sha256, copy]);
  expect([fetched.code, fetched.err, readFileSync(copy, 'utf8')]).toEqual([0, '', 'the letter']);
  expect(
    (await people.cordon('ben', ['orders', 'document', withPapers.json().order, 'a'.repeat(64), `${copy}2`])).code,
  ).toBe(EXIT.notFound);
  const why = await people.cordon('ben', ['orders', 'decision', withPapers.json().order, '1']);
  expect(why.out).toMatch(/considered +Whether to appeal\.\nby +counsel\ncommitment +[0-9a-f]{64}\n/);

  const both = ['--publish-at', '2099-09-01T00:00', '--withheld-by', 'section 5'];
  const twice = await people.cordon('ada', ['orders', 'propose', '--file', file, ...both]);
  expect([twice.code, twice.err]).toEqual([EXIT.usage, expect.stringContaining('not both')]);

  expect((await people.approve('ada', order, 1)).err).toContain('"same_person"');
  const first = await people.approve('ben', order, 1, '--digest', digest);
  expect([first.code, first.json().adopted, first.json().code]).toEqual([0, false, 'second_approver_required']);
  expect((await people.approve('ben', order, 1)).json().adopted).toBe(false);
  const borrowed = await people.cordon(
    'cleo',
    ['orders', 'approve', order, '1', '--key', people.keyOf('dan'), '--yes'],
    {
      CORDON_KEY_PASSPHRASE: 'the passphrase of dan',
    },
  );
  expect(borrowed.code).toBe(EXIT.forbidden);
  expect((await people.approve('cleo', order, 1)).json().adopted).toBe(true);
  expect((await people.cordon('dan', ['orders', 'list'])).out).toMatch(new RegExp(`^${order} +announced`, 'm'));

  const paused = (await people.cordon('ben', ['orders', 'pause', order, '--json'])).json();
  expect((await people.approve('ben', order, paused.revision)).json().adopted).toBe(true);
  const ended = (await people.cordon('ada', ['orders', 'withdraw', order, '--json'])).json();
  await people.approve('ben', order, ended.revision);
  expect((await people.approve('cleo', order, ended.revision)).json().adopted).toBe(true);
  const shown = (await people.cordon('dan', ['orders', 'show', order, '--json'])).json();
  expect([shown.status, shown.revisions.length]).toEqual(['withdrawn', 3]);
  // A reader of the order gets the names of the people behind it, and no others.
  expect(Object.values(shown.people).toSorted()).toEqual(['ada', 'ben', 'cleo'].map((name) => `${name}@example.org`));
  expect((await people.cordon('ada', ['orders', 'resume', order])).code).toBe(EXIT.conflict);
  const text = (await people.cordon('dan', ['orders', 'show', order, '1'])).out;
  for (const words of ['PK (Pakistan)', 'are returned to their senders']) expect(text).toContain(words);
});

it('case 30, case 34: names the option of each unknown area, service and time', async () => {
  const propose = (more: string[]) =>
    people.cordon('ada', ['orders', 'propose', '--file', people.termsFile('terms'), ...more]);
  for (const [flags, code] of [
    [['--areas', '*'], 'unknown_area'],
    [['--areas', 'pk'], 'unknown_area'],
    [['--areas', 'ΡΚ'], 'unknown_area'],
    [['--areas', 'AN'], 'unknown_area'],
    [['--services', 'telepathy'], 'unknown_service'],
    [['--waiting', 'burn'], 'invalid_input'],
    [['--effective', '2015-11-30T23:59'], 'effective_in_past'],
    [['--until', '2098-01-01T00:00'], 'until_before_effective'],
    [['--effective', 'tomorrow'], 'invalid_input'],
  ] as const) {
    const { code: exit, err } = await propose([...flags]);
    expect([flags, exit, err]).toEqual([flags, EXIT.usage, expect.stringContaining(`[${code}]`)]);
  }
  expect((await people.cordon('ada', ['orders', 'list', '--json'])).json()).toHaveLength(2);
  const flags = ['--areas', 'PK', 'pk', '--services', 'telepathy', '--effective', 'tomorrow', '--waiting', 'burn'];
  const { code, err } = await propose([...flags, '--visitors', 'a week', '--statement', 'en=']);
  expect([
    code,
    err
      .trimEnd()
      .split('\n')
      .map((line) => /^cordon: (--[a-z-]+)/.exec(line)?.[1]),
  ]).toEqual([
    EXIT.usage,
    expect.arrayContaining(['--areas', '--services', '--effective', '--waiting', '--visitors', '--statement']),
  ]);
});

it('pauses by a court decision with its document, and shows only the options that apply', async () => {
  for (const action of ['pause', 'withdraw', 'resume']) {
    const { out } = await people.cordon('ada', ['orders', action, '--help']);
    const flags = [...out.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(flags).toEqual(['--reason', '--document', '--court', '--case']);
  }
  const [file, stay] = [people.termsFile('stayed', { services: ['mail'] }), join(people.folder, 'stay.pdf')];
  writeFileSync(stay, '%PDF the stay');
  const { order } = (await people.cordon('cleo', ['orders', 'propose', '--file', file, '--json'])).json();
  for (const who of ['ada', 'dan']) await people.approve(who, order, 1);
  const half = await people.cordon('ada', ['orders', 'pause', order, '--court', 'High Court']);
  expect([half.code, half.err]).toEqual([EXIT.usage, expect.stringContaining('--court and --case')]);
  const court = ['--court', 'High Court', '--case', 'W.P. 1/2015', '--document', `Stay=${stay}`];
  const proposed = await people.cordon('ada', ['orders', 'pause', order, '--reason', 'Stayed by the court.', ...court]);
  expect(proposed.err).toBe('');
  for (const words of ['has no end after 72 hours', 'Stayed by the court.', 'High Court, case W.P. 1/2015', 'Stay (']) {
    expect(proposed.out).toContain(words);
  }
  expect((await people.approve('ada', order, 2)).json()).toMatchObject({ adopted: true });
  const shown = (await people.cordon('ada', ['orders', 'show', order, '--json'])).json();
  expect(shown).toMatchObject({ status: 'paused', pausedUntil: null });
});
