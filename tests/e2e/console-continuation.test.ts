/**
 * The recovery page while the ledger is paused because of lost entries: a proposal, a signature by a key in this browser, and the continued
 * ledger.
 */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { continuationList } from '../../shared/api/recovery.ts';
import { type ApiApprover, adoptApprovers, signContinuation } from '../support/api-approvers.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { makeKey, signIn } from '../support/console-people.ts';
import { testAuthority } from '../support/enrollment.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { restoredState } from '../support/restored-state.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

const HOUR = 3_600_000;

describe.skipIf(!chromium.present)('a ledger that lost entries, in the console', { timeout: 120_000 }, () => {
  const { authority, remove } = testAuthority();
  let browser: Browser;
  let api: ApiServer;
  let seat: Seat;
  let approvers: readonly ApiApprover[];

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    const now = Date.now();
    const restored = restoredState({
      at: now - 9 * HOUR,
      realAt: now - 9 * HOUR,
      restoredAt: now - HOUR,
      notContainedSize: 130,
    });
    [browser, api] = await Promise.all([
      openBrowser(),
      startApi({ consoleFolder: CONSOLE_FOLDER, authority, restored }),
    ]);
    const { email, secret } = await api.account('owner@example.org', []);
    const group = await addGroup(api.database, 'Karachi office');
    const device = await addDevice(api.database, { group, user: 'Bilal <b>Khan</b>' });
    seat = await takeSeat(browser, api.url);
    // Responses for the modules that this server lacks.
    seat.expecting(/status of 503/);
    seat.expecting(/status of 401/);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await seat.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await seat.goto('/people?tab=approvers');
    await makeKey(seat);
    const keys = await api.admins.approverKeys();
    approvers = await adoptApprovers(
      api,
      keys.map(({ keyid }) => keyid),
    );
    await api.ledger.sequence();
    await api.database.db
      .insertInto('recovery_responses')
      .values({
        device_id: device,
        at: now,
        size: 130,
        root: 'b'.repeat(64),
        origin: 'cordon/test',
        result: 'not_contained',
      })
      .execute();
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
    remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-continuation-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  it('is proposed, signed in this browser and elsewhere, and then continues', async () => {
    const { page } = seat;
    await seat.goto('/ledger?tab=ledger');
    await page.getByText('verified in this browser').waitFor();
    await seat.goto('/recovery');
    await page.getByText('Ledger suspended').waitFor();
    await page.getByRole('button', { name: 'Propose continuation…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Propose continuation of the ledger' });
    const confirm = dialog.getByRole('button', { name: 'Propose continuation' });
    expect(await confirm.isEnabled()).toBe(false);
    await dialog.getByLabel('Reason').fill('The disk of the old server is gone. <b>Nobody</b> has a copy.');
    expect.soft(await seat.faults('continuation propose', BOTH_LOOKS)).toEqual([]);
    await confirm.click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('0 of 2 approvers signed').waitFor();
    await page.getByText('a ledger of 130 entries was reported').waitFor();
    expect.soft(await seat.faults('continuation proposed')).toEqual([]);
    await seat.picture('continuation proposed whole desk', ['desk', 'light']);
    await seat.picture('continuation proposed whole phone', ['phone', 'dark']);

    await page.getByRole('button', { name: 'Review and sign…' }).click();
    const signing = page.getByRole('dialog', { name: 'Sign continuation of the ledger' });
    const sign = signing.getByRole('button', { name: 'Sign continuation' });
    await expect.poll(() => sign.isEnabled()).toBe(true);
    expect.soft(await seat.faults('continuation sign', BOTH_LOOKS)).toEqual([]);
    await sign.click();
    await signing.waitFor({ state: 'hidden' });
    await page.getByText('1 of 2 approvers signed').waitFor();
    await page.getByText('You signed this continuation.').waitFor();
    await page.getByText('Ledger suspended').waitFor();

    const [ada] = approvers;
    if (!ada) throw new Error('there is no approver');
    const { json } = await api.request('GET', '/api/v1/recovery/ledger/continuations', ada.headers);
    const [proposal] = continuationList.parse(json).continuations;
    if (!proposal) throw new Error('there is no proposal');
    await signContinuation(api, ada, proposal);
    await page.getByText('Ledger active').waitFor();
    await page.getByText('Approvers continued the ledger on').waitFor();
    expect.soft(await seat.faults('continuation adopted')).toEqual([]);
    await seat.picture('continuation adopted whole desk', ['desk', 'dark']);
    await seat.picture('continuation adopted whole phone', ['phone', 'light']);

    await seat.goto('/ledger?tab=ledger');
    await page.getByText('The ledger continued under another name').waitFor();
    await page.getByText(/entries that this browser had seen remain/).waitFor();
    expect.soft(await seat.faults('ledger continued')).toEqual([]);
    await seat.picture('ledger continued whole desk', ['desk', 'light']);
    await seat.picture('ledger continued whole phone', ['phone', 'dark']);
    expect(seat.complaints).toEqual([]);
  });
});
