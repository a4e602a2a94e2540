/** `cordon key` and `cordon approvers` on the real API and store. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { type OrderCli, startOrderCli } from '../../tests/support/order-cli.ts';

let people: OrderCli;
beforeAll(async () => {
  people = await startOrderCli();
});
afterAll(() => people.close());

it('adopts an approver set by two signatures, and shows the text before each signature', async () => {
  const early = await people.cordon('ada', ['orders', 'pause', '2015-001']);
  expect(early.code).toBe(EXIT.notFound);
  const { keyids, set } = await people.proposeApprovers();
  expect(set.state).toBe('waiting');
  const blind = await people.cordon('ada', ['approvers', 'sign', '1', '--key', people.keyOf('ada')]);
  expect([blind.code, blind.err]).toEqual([EXIT.usage, expect.stringContaining('--digest or --yes')]);
  const other = await people.cordon('ada', [
    'approvers',
    'sign',
    '1',
    '--key',
    people.keyOf('ada'),
    '--digest',
    'f'.repeat(64),
  ]);
  expect([other.code, other.err]).toEqual([EXIT.unverified, expect.stringContaining('a different text')]);
  for (const who of ['ada', 'ben']) {
    const signed = await people.cordon(who, [
      'approvers',
      'sign',
      '1',
      '--key',
      people.keyOf(who),
      '--digest',
      set.digest,
    ]);
    expect([signed.code, signed.err]).toEqual([0, expect.stringContaining(set.digest)]);
  }
  const { current, uncoveredOrders: uncovered } = (await people.cordon('cleo', ['approvers', 'show', '--json'])).json();
  expect([current.version, uncovered]).toEqual([1, []]);
  const ada = (await people.cordon('cleo', ['key', 'list', '--json']))
    .json()
    .find(({ keyid }: { keyid: string }) => keyid === keyids[0]);
  const shown = await people.cordon('cleo', ['approvers', 'show']);
  expect(shown.out).toContain(`  ${ada.person} = ${ada.name} (as stated by the server)`);
});

it('names an order whose approvers left the approver set', async () => {
  const { order } = (
    await people.cordon('ada', ['orders', 'propose', '--file', people.termsFile('terms'), '--json'])
  ).json();
  for (const who of ['ben', 'cleo']) expect((await people.approve(who, order, 1)).code).toBe(0);
  const keyid = async (who: string) =>
    (await people.cordon(who, ['key', 'register', '--key', people.keyOf(who), '--json'])).json().keyid as string;
  const keyids = await Promise.all(['ada', 'dan'].map(keyid));
  const set = (await people.cordon('owner', ['approvers', 'propose', ...keyids, '--json'])).json();
  for (const who of ['ada', 'ben', 'dan']) {
    await people.cordon(who, [
      'approvers',
      'sign',
      String(set.version),
      '--key',
      people.keyOf(who),
      '--digest',
      set.digest,
    ]);
  }
  const { current, uncoveredOrders: uncovered } = (await people.cordon('ada', ['approvers', 'show', '--json'])).json();
  expect(current.version).toBe(set.version);
  expect(uncovered).toEqual([order]);
  expect((await people.cordon('ada', ['approvers', 'show'])).out).toContain(`order ${order}: its approvers left`);
});
