/** The real `cordon` at a real server: all faults of a request with their flags, and an order after its end time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AdminCli, adminCli } from '../support/admin-cli.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

let server: ServerProcess;
let operator: Operator;
let cordon: AdminCli;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-command-line-'));
  server = await startServerProcess();
  operator = await setUp(server.admin, server.firstOwner);
  cordon = adminCli(server.admin, folder, { CORDON_TOKEN: operator.proposer.token });
});
afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const TERMS = {
  title: 'Test',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['present'],
  zone: 'UTC',
  mode: 'suspend',
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  visitors: 'PT0S',
  travelers: 'allow',
  disputed: {},
  authority: 'PTA',
  addressee: 'Us',
  instrument: 'A directive',
  statement: { en: 'A test' },
  appeal: 'Write to us',
};

const namesIn = (err: string) =>
  err
    .trimEnd()
    .split('\n')
    .map((line) => /^cordon: (\S+?):? /.exec(line)?.[1]);

it('names every missing flag, and every flag that the server refuses', async () => {
  const missing = await cordon(['orders', 'propose', '--title', 'Test']);
  expect(missing.code).toBe(2);
  expect(namesIn(missing.err)).toEqual(expect.arrayContaining(['--areas', '--services', '--effective', '--authority']));
  expect(missing.err).toContain('cordon: --areas: Name at least one area');

  const flags = Object.entries({ ...TERMS, areas: ['PK', 'pk'], services: ['telepathy'], visitors: 'a week' }).flatMap(
    ([name, value]) => {
      if (name === 'disputed') return [];
      if (name === 'statement') return ['--statement', 'en=A test'];
      return [`--${name}`, ...[value].flat().map(String)];
    },
  );
  const times = ['--effective', 'tomorrow', '--until', 'never', '--notice-plan', 'soon'];
  const refused = await cordon(['orders', 'propose', ...flags, ...times]);
  expect(refused.code).toBe(2);
  expect(namesIn(refused.err)).toEqual(
    expect.arrayContaining(['--areas', '--services', '--visitors', '--effective', '--until', '--notice-plan']),
  );
  // The JSON output for programs has all of them too.
  const { err } = await cordon(['orders', 'propose', ...flags, ...times, '--json']);
  expect(JSON.parse(err)).toMatchObject({
    context: { issues: expect.arrayContaining([expect.objectContaining({ path: 'visitors' })]) },
  });

  const query = await cordon(['devices', 'list', '--status', 'asleep']);
  expect([query.code, namesIn(query.err)]).toEqual([2, ['--status']]);
});

it('shows an order as ended after its end time, and not as active', async () => {
  const statusOf = async (order: string) => {
    const { out } = await cordon(['orders', 'list']);
    return new RegExp(`^${order} +(\\S+)`, 'm').exec(out)?.[1];
  };
  const effective = new Date(Date.now() + 60_000).toISOString();
  const later = await operator.propose({ ...TERMS, effective, until: null });
  expect(await statusOf(later.order)).toBe('proposed');
  await operator.adopt(later);
  expect(await statusOf(later.order)).toBe('announced');

  const [start, end] = [new Date(Date.now() + 3_000), new Date(Date.now() + 8_000)];
  const short = await operator.propose({ ...TERMS, effective: start.toISOString(), until: end.toISOString() });
  await operator.adopt(short);
  await until(async () => expect(await statusOf(short.order)).toBe('ended'), 30_000, 500);
  expect(Date.now()).toBeGreaterThanOrEqual(end.getTime());
  expect((await cordon(['orders', 'show', short.order])).out).toMatch(new RegExp(`^${short.order} +ended`, 'm'));
}, 60_000);
