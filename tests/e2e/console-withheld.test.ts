/**
 * A withheld order in the console: the views of an IT admin and of the owner, and the list of readings. The browser and the API are real.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { adoptApproverSet, firstOwner, invite, inviteApprover, type Person } from '../support/people.ts';
import { EVERY_LOOK, type Seat, takeSeat, textOf } from '../support/seat.ts';

describe.skipIf(!chromium.present)('a withheld order in the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let api: ApiServer;
  let owner: Person;
  let fleet: Person;
  let number: string;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
    owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
    const approvers = [await inviteApprover(api.url, owner, 'Ada'), await inviteApprover(api.url, owner, 'Ben')];
    await adoptApproverSet(owner, approvers);
    fleet = await invite(api.url, owner, 'Fleet', [{ role: 'fleet' }]);
    const { order, revision, payload } = await owner.api.call('POST', '/orders', revisionView, {
      title: 'Directive 17 of the regulator',
      areas: ['PK'],
      services: ['messaging', 'mail'],
      nexus: ['present'],
      zone: 'Asia/Karachi',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'allow',
      authority: 'The regulator',
      addressee: 'operators',
      instrument: 'Directive 17',
      statement: { en: 'Service ends.' },
      effective: '2099-11-30T00:00',
      publication: { law: 'Act 9' },
    });
    number = order;
    for (const { api: by, key } of approvers) {
      const path = `/orders/${order}/revisions/${revision}/approvals`;
      await by.call('POST', path, approvalResult, approvalOf(key, payload));
    }
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
  });

  async function sit(as: Person): Promise<Seat> {
    const seat = await takeSeat(browser, api.url, { as });
    // Responses for the modules that this server lacks.
    seat.expecting(/status of 503/);
    return seat;
  }

  it('an IT admin sees state, areas, services and times, and why the rest is withheld', async () => {
    const seat = await sit(fleet);
    await seat.goto(`/orders/${number}`);
    const main = seat.page.getByRole('main');
    await seat.page.getByText('Legal basis withheld').waitFor();
    await main
      .getByText(/Pakistan/)
      .first()
      .waitFor();
    const text = await textOf(main);
    expect(text).toContain('Withheld: only legal, owners, the proposer and the approvers may read the legal basis.');
    expect(text).toMatch(/Withheld order.*Approved by Ada.*Approved by Ben/s);
    expect(text).not.toMatch(/Directive|regulator|Act 9|Service ends/);
    expect.soft(await seat.faults('withheld hidden', EVERY_LOOK)).toEqual([]);
    await seat.goto(`/orders/${number}/rehearsal`);
    await seat.page.getByText('Legal basis withheld').waitFor();
    await seat.goto('/orders');
    await seat.page.getByRole('link', { name: 'Withheld order' }).waitFor();
    expect(await textOf(main)).not.toContain('Directive');
    expect.soft(await seat.faults('withheld list', EVERY_LOOK)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  });

  it('the owner reads it, and the page lists its readers', async () => {
    const seat = await sit(owner);
    await seat.goto(`/orders/${number}`);
    await seat.page.getByRole('heading', { name: 'Directive 17 of the regulator' }).waitFor();
    const table = seat.page.getByRole('table', { name: 'Access log' });
    await table.getByRole('row', { name: /Owner.*Legal basis/ }).waitFor();
    await seat.page
      .getByText('The legal basis of this order is withheld from the public. The server records every access to it.')
      .waitFor();
    expect.soft(await seat.faults('withheld read', EVERY_LOOK)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  });
});
