/** Witnesses in the console: the ledger page verifies their cosignatures in the browser, and the dialog proposes an approver set with them. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { approversView } from '../../shared/api/approvers.ts';
import { checkpointView, witnessList } from '../../shared/api/ledger.ts';
import { verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { COSIGNATURE } from '../../shared/ledger/signed-note.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { adoptChanged } from '../support/organization.ts';
import { BOTH_LOOKS, EVERY_LOOK, type Seat, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';
import { createWitnessProcess, type WitnessProcess } from '../support/witness-process.ts';
import { newSigner } from '../support/witnessed-log.ts';

describe.skipIf(!chromium.present)('witnesses in the console', { timeout: 180_000 }, () => {
  const absent = verifierKey(newSigner('witness.example.net/w2'), COSIGNATURE);
  let browser: Browser;
  let witness: WitnessProcess;
  let world: World;
  let seat: Seat;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, witness] = await Promise.all([openBrowser(), createWitnessProcess()]);
    await witness.start();
    world = await openWorld({ CORDON_WITNESSES: `${witness.key} ${witness.url}, ${absent} http://127.0.0.1:9/` });
    const { operator, server } = world;
    const { key } = await operator.as(operator.owner, 'GET', '/ledger/checkpoint', checkpointView);
    witness.addLog(key);
    await witness.stop();
    await witness.start();
    seat = await takeSeat(browser, server.admin, { as: operator.owner });
  }, 180_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
    await witness?.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-witnesses-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  it('the dialog proposes an approver set with witnesses, and refuses too few', async () => {
    const { page } = seat;
    const { operator } = world;
    await seat.goto('/people?tab=approvers');
    await page.getByRole('button', { name: 'Propose approver set' }).click();
    const dialog = page.getByRole('dialog', { name: 'Propose approver set' });
    await dialog.getByLabel('Witnesses of the ledger').fill(`${witness.key}\n${absent}`);
    const confirm = dialog.getByRole('button', { name: 'Propose approver set' });
    await dialog.getByLabel('Cosignatures required per checkpoint').fill('3');
    await dialog.getByText('Too few witnesses. Name at least 3.').waitFor();
    expect(await confirm.isEnabled()).toBe(false);
    await dialog.getByLabel('Cosignatures required per checkpoint').fill('2');
    expect.soft(await seat.faults('witnesses propose', BOTH_LOOKS)).toEqual([]);
    await confirm.click();
    await dialog.waitFor({ state: 'hidden' });
    const { pending } = await operator.as(operator.owner, 'GET', '/approvers', approversView);
    expect(JSON.parse(pending?.payload ?? '').witnesses).toEqual({ threshold: 2, keys: [witness.key, absent] });
  });

  it('the ledger page shows which witnesses cosigned, and the rule of devices', async () => {
    const { page } = seat;
    const { operator } = world;
    await adoptChanged(operator.owner, operator.approvers, {
      witnesses: { threshold: 1, keys: [witness.key, absent] },
    });
    await until(async () => {
      const { witnesses } = await operator.as(operator.owner, 'GET', '/ledger/witnesses', witnessList);
      expect(witnesses[0]?.failure).toBeNull();
    }, 60_000);
    await until(async () => {
      await seat.goto('/ledger?tab=ledger');
      await page.getByText('verified in this browser').waitFor();
      await page.getByText('This browser verified 1.').waitFor({ timeout: 2_000 });
    }, 60_000);
    await page.getByText('Devices require cosignatures of 1 of 2 witnesses.').waitFor();
    await page.getByText('Cosigned', { exact: true }).waitFor();
    await page.getByText('Failing', { exact: true }).waitFor();
    await page.getByText('it did not respond').waitFor();
    expect.soft(await seat.faults('witnesses ledger', EVERY_LOOK)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  });
});
