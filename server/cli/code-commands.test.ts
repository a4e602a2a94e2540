/** `cordon codes` on the real API and store. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import { addCodeRows } from '../../tests/support/code-rows.ts';
import { type OrderCli, startOrderCli } from '../../tests/support/order-cli.ts';

let people: OrderCli;
beforeAll(async () => {
  people = await startOrderCli();
});
afterAll(() => people.close());

it('creates a code that a helpdesk of another group cannot create, see or cancel', async () => {
  const [mine, theirs] = [await groupOf('Mine'), await groupOf('Theirs')];
  const desk = await people.api.account('desk@example.org', []);
  await people.api.commandLine(desk, join(people.folder, 'desk-home'));
  await people.cordon('owner', ['accounts', 'grant', desk.id, 'helpdesk', '--group', mine]);
  const made = (await people.cordon('owner', ['codes', 'create', '--user', 'Zoe', '--group', theirs, '--json'])).json();
  expect(made.link).toMatch(/^cordon:enroll\?.*ca=[0-9a-f]{64}/);
  const twice = await people.cordon('owner', ['codes', 'create', '--user', ' ZOE', '--group', theirs]);
  expect([twice.code, twice.err]).toEqual([
    EXIT.conflict,
    expect.stringMatching(/named {2}ZOE already: per_.*--person ID/),
  ]);
  const [zoe] = (await people.cordon('owner', ['people', 'list', '--text', 'zoe', '--json'])).json().people;
  const shown = await people.cordon('owner', ['codes', 'create', '--person', zoe.id, '--group', theirs]);
  expect(shown.out).toMatch(/█[\s\S]*cordon:enroll/);
  expect((await people.cordon('desk', ['codes', 'create', '--user', 'Zoe', '--group', theirs])).err).toContain(
    '[out_of_scope]',
  );
  const forZoe = await people.cordon('desk', ['codes', 'create', '--person', zoe.id, '--group', mine]);
  expect(forZoe.err).toContain('[out_of_scope]');
  expect((await people.cordon('desk', ['codes', 'cancel', made.id])).err).toContain('[out_of_scope]');
  expect((await people.cordon('desk', ['codes', 'create', '--user', 'Zara', '--group', mine])).code).toBe(0);
  const seen = (await people.cordon('desk', ['codes', 'list', '--json'])).json();
  expect(seen.map(({ user }: { user: string }) => user)).toEqual(['Zara']);
  expect(JSON.stringify(seen)).not.toContain('secret');
  const now = Date.now();
  const used = { person: zoe.id, group: mine as GroupId, createdAt: now, expiresAt: now, usedAt: now };
  const codes = Array.from({ length: 250 }, () => ({ ...used, id: newDeviceId() }));
  await addCodeRows(people.api.database, codes);
  expect((await people.cordon('desk', ['codes', 'list', '--json'])).json()).toHaveLength(251);
  expect((await people.cordon('desk', ['codes', 'list', '--state', 'used', '--json'])).json()).toHaveLength(250);
  expect((await people.cordon('owner', ['codes', 'cancel', made.id])).code).toBe(0);
});

it('creates the code of a mail connector for an owner only, and never for an API token', async () => {
  const group = await groupOf('Connectors');
  const create = ['codes', 'create', '--user', 'Mail', '--group', group, '--mail-connector'];
  const desk = await people.api.account('desk2@example.org', []);
  await people.api.commandLine(desk, join(people.folder, 'desk2-home'));
  await people.cordon('owner', ['accounts', 'grant', desk.id, 'fleet']);
  expect((await people.cordon('desk2', create)).err).toContain('[forbidden]');
  const [mail] = (await people.cordon('owner', ['people', 'list', '--text', 'Mail', '--json'])).json().people;
  const forMail = ['codes', 'create', '--person', mail.id, '--group', group, '--mail-connector'];
  expect((await people.cordon('owner', forMail)).code).toBe(0);
  expect((await people.cordon('owner', ['codes', 'list'])).out).toMatch(/mail connector/);
  const owner = await people.api.account('owner2@example.org', []);
  const token = await people.api.token(owner);
  const body = { person: mail.id, group, mailConnector: true };
  const refused = await people.api.request('POST', '/api/v1/codes', { authorization: `Bearer ${token}` }, body);
  expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
});

async function groupOf(name: string): Promise<string> {
  return (await people.cordon('owner', ['groups', 'add', name])).out.trim();
}
