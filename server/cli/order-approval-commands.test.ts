/** Decisions about proposals with `cordon orders`, on the real API and store. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { type OrderCli, startOrderCli } from '../../tests/support/order-cli.ts';

let people: OrderCli;
beforeAll(async () => {
  people = await startOrderCli();
  await people.adoptApprovers();
});
afterAll(() => people.close());

it('signs nothing when the server shows another text than the requested revision', async () => {
  const { order } = (
    await people.cordon('ada', ['orders', 'propose', '--file', people.termsFile('terms'), '--json'])
  ).json();
  const { payload, ...rest } = (await people.cordon('ben', ['orders', 'show', order, '1', '--json'])).json();
  let approvals = 0;
  const liar: Server = createServer((request, response) => {
    if (request.method === 'POST') approvals++;
    const forged = JSON.stringify({ ...rest, payload: payload.replace('"revision":1', '"revision":7') });
    response.setHeader('content-type', 'application/json').end(forged);
  });
  await new Promise<void>((listening) => liar.listen(0, '127.0.0.1', listening));
  const { port } = liar.address() as AddressInfo;
  const args = [
    '--server',
    `http://127.0.0.1:${port}`,
    'orders',
    'approve',
    rest.order,
    '1',
    '--key',
    people.keyOf('ben'),
    '--yes',
  ];
  const { code, err } = await people.cordon('ben', args);
  liar.closeAllConnections();
  liar.close();
  expect([code, approvals, err]).toEqual([EXIT.unverified, 0, expect.stringContaining('Do not sign')]);
});

it('approves after the effective time only with --immediate, which the signed text contains', async () => {
  const file = people.termsFile('soon', { effective: new Date(Date.now() + 2_000).toISOString() });
  const { order } = (await people.cordon('ada', ['orders', 'propose', '--file', file, '--json'])).json();
  await expect
    .poll(async () => (await people.cordon('dan', ['orders', 'show', order, '1', '--json'])).json().passed, {
      timeout: 20_000,
    })
    .toBe('effective');
  const refused = await people.approve('dan', order, 1);
  expect([refused.code, refused.err]).toEqual([EXIT.conflict, expect.stringContaining('--immediate')]);
  const sign = ['orders', 'approve', order, '1', '--key', people.keyOf('dan'), '--yes', '--immediate'];
  const signed = await people.cordon('dan', sign);
  expect(signed.err).toContain('attention        the revision takes effect immediately');
  expect([signed.code, signed.out]).toEqual([0, expect.stringContaining('Recorded.')]);
});

it('requires a role for all areas of a pending proposal, which ends by retraction, decline or replacement', async () => {
  const file = people.termsFile('wider', { services: ['mail'] });
  const { order } = (await people.cordon('cleo', ['orders', 'propose', '--file', file, '--json'])).json();
  for (const who of ['ada', 'dan']) await people.approve(who, order, 1);
  const regional = await people.api.account('regional@example.org', [
    { role: 'legal', group: null, area: parseHomeArea('PK') },
  ]);
  await people.api.commandLine(regional, join(people.folder, 'regional-home'));
  await people.cordon('cleo', ['orders', 'revise', order, '--areas', 'PK', 'IN']);
  const stateOf = async (revision: number) =>
    (await people.cordon('cleo', ['orders', 'show', order, String(revision), '--json'])).json().state;
  for (const action of ['pause', 'withdraw']) {
    const refused = await people.cordon('regional', ['orders', action, order]);
    expect([refused.code, refused.err]).toEqual([EXIT.forbidden, expect.stringContaining('IN')]);
  }
  expect(await stateOf(2)).toBe('waiting');
  const revised = await people.cordon('ben', ['orders', 'revise', order, '--title', 'Other']);
  expect(revised.out).toContain(`cordon orders confirm ${order} 3`);
  expect((await people.cordon('regional', ['orders', 'confirm', order, '3'])).code).toBe(EXIT.forbidden);
  expect((await people.cordon('ben', ['orders', 'confirm', order, '3'])).err).toContain('second person');
  expect((await people.cordon('ada', ['orders', 'confirm', order, '3'])).out).toContain('waits for approvals');
  expect([await stateOf(2), await stateOf(3)]).toEqual(['superseded', 'waiting']);
  expect((await people.cordon('cleo', ['orders', 'retract', order, '3'])).code).toBe(EXIT.forbidden);
  expect((await people.cordon('ben', ['orders', 'retract', order, '3'])).out).toContain('is retracted');
  await people.cordon('ben', ['orders', 'revise', order, '--title', 'Other again']);
  const declined = await people.cordon('dan', [
    'orders',
    'decline',
    order,
    '4',
    '--reason',
    'The letter is not signed.',
  ]);
  expect([declined.code, declined.out]).toEqual([0, expect.stringContaining('is declined')]);
  expect((await people.cordon('ada', ['orders', 'show', order])).out).toContain('The letter is not signed.');
});
