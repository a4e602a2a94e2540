/**
 * Five days of a general counsel, through the console's pages alone: a regulator's letter arrives, is recorded, rehearsed, proposed and
 * approved. Users are informed, the date changes the night before, and the order takes effect. It is explained for a device and withdrawn.
 * An auditor verifies the evidence with only the pack and a fingerprint. With CORDON_PICTURES a picture of each station is saved.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alertList } from '../../shared/api/devices.ts';
import { orderView, revisionView } from '../../shared/api/orders.ts';
import { browser as chromium } from '../support/browser.ts';
import { approve } from '../support/console-people.ts';
import {
  age,
  at,
  attach,
  button,
  type CounselWorld,
  ORDER,
  openCounselWorld,
  phase,
  REACHED,
  RESIDENTS,
  reaches,
  saved,
  station,
  WAIT,
  writeDay,
  writeTime,
} from '../support/counsel-world.ts';
import { runProgram } from '../support/run-program.ts';
import { textOf } from '../support/seat.ts';
import { evidencePack } from './counsel/evidence-pack.ts';

describe.skipIf(!chromium.present || !age.present)('a general counsel’s five days', { timeout: 180_000 }, () => {
  let counsel: CounselWorld;
  const opened = () => counsel;

  beforeAll(async () => {
    counsel = await openCounselWorld();
  }, 180_000);
  afterAll(() => counsel?.remove());
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    const { sana, ada, ben, noor } = counsel;
    for (const [number, seat] of [sana, ada, ben, noor].entries()) await seat.picture(`failed-counsel-${number}`);
  });

  it('records the letter: its arrival, the due date of the answer, and the documents', async () => {
    const { sana } = opened();
    const { page } = sana;
    await sana.goto('/orders');
    await page.getByRole('heading', { name: 'No orders' }).waitFor();
    await station(sana, '01-no-orders');
    await page.getByRole('link', { name: 'Propose order' }).first().click();
    await page.getByRole('combobox', { name: 'Areas' }).fill('Pakistan');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    await button(sana, /^Date of receipt/).click();
    await page.getByLabel('Received on').fill('20 Nov 2015');
    await page.getByLabel('Received on').press('Tab');
    await page.getByRole('checkbox', { name: 'The authority expects an answer' }).check();
    const answer = page.getByRole('group', { name: 'Answer due by' });
    await writeDay(answer, '27 Nov 2015');
    await writeTime(answer, 'Answer due by', '17', '00');
    for (const [name, text] of [
      ['Directive of 20 November 2015.pdf', 'PDF'],
      ['Translation into English.pdf', 'another'],
    ] as const) {
      const file = { name, mimeType: 'application/pdf', buffer: Buffer.from(text) };
      await page.locator('input[type=file]').setInputFiles(file);
      await page.getByText(`${name} (PDF,`).waitFor();
    }
  });

  it('records addressee, provenance and internal reasons', async () => {
    const { sana } = opened();
    const { page } = sana;
    await page.getByRole('combobox', { name: 'Provenance' }).click();
    await page.getByRole('option', { name: /^Confirmed/ }).click();
    await page.getByLabel('Title').fill('Pakistan: enterprise messaging and mail');
    await page.getByRole('textbox', { name: 'Authority' }).fill('Pakistan Telecommunication Authority');
    await page.getByLabel('Addressee').fill('All mobile network operators, and through them enterprise services');
    await page.getByLabel('Instrument').fill('Directive of 20 November 2015, under section 54 of the Act of 1996');
    await page
      .getByLabel('Statement in English')
      .fill('Service ends by order of the regulator. Nobody has been given access to what you wrote.');
    await button(sana, /^User notices/).click();
    await button(sana, 'Add language to: Notice to users').click();
    await page.keyboard.type('Urdu');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Notice in Urdu' }).fill('پیغامات اور میل 1 دسمبر کو رک جائیں گے۔');
    await button(sana, /^Decision record/).click();
    await page.getByLabel('Considerations').fill('To leave the country, to appeal, or to comply for the time being.');
    await page.getByLabel('Decided by').last().fill('Sana Malik with outside counsel');
    await page.getByLabel('Internal reasons').fill('Appeal is possible and does not suspend the directive.');
  });

  it('proposes the order, after a look at its impact preview', async () => {
    const { world, sana } = opened();
    const { page } = sana;
    for (const service of ['Messaging', 'Mail']) await page.getByRole('checkbox', { name: service }).check();
    for (const tie of ['Device is located in the area', 'Device uses a mobile network of the area'])
      await page.getByRole('checkbox', { name: tie }).check();
    const effective = page.getByRole('group', { name: 'Takes effect' });
    await writeDay(effective, '1 Dec 2015');
    await writeTime(effective, 'Takes effect', '00', '00');
    await page.getByText('No problems found.').waitFor();
    await page.getByRole('region', { name: 'Impact preview' }).waitFor();
    await station(sana, '02-form', true);
    await button(sana, 'Propose order').click();
    await page.waitForURL(`${world.url}/orders/${ORDER}`);
    await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
    await page.getByText('Two approvers are needed').waitFor();
    // The internal reasons are not part of the signed terms, but the page displays them to the proposer.
    await page.getByText('Appeal is possible').waitFor();
    await station(sana, '03-proposed', true);
  });

  it('rehearses the order on the map, exports a table without names, and the names for one recipient', async () => {
    const { sana, recipient, identity } = opened();
    const { page } = sana;
    await page.getByRole('link', { name: 'Rehearse order', exact: true }).click();
    await page.getByText(/: 6 of 9 devices lose services\./).waitFor();
    await page.locator('svg path[data-order]').first().waitFor();
    await station(sana, '04-rehearsal', true);
    const table = readFileSync(await (await saved(sana, button(sana, 'Download table'))).path(), 'utf8');
    expect(table.trim().split('\n').length).toBeGreaterThan(REACHED);
    for (const { user } of RESIDENTS) expect(table).not.toContain(user);
    await button(sana, 'Export names…').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Recipient name').fill('Outside counsel');
    await dialog.getByLabel('Recipient’s age public key').fill(recipient);
    await station(sana, '05-names');
    const names = await saved(sana, dialog.getByRole('button', { name: 'Export names' }));
    const sealed = readFileSync(await names.path(), 'latin1');
    expect(sealed).toMatch(/^age-encryption.org\/v1\n/);
    const { out } = await runProgram('age', ['-d', '-i', identity, await names.path()]);
    expect(out).toContain('عمر خان');
  });

  it('two people approve the order, each with their own key', async () => {
    const { sana, ada, ben } = opened();
    await ada.goto(`/orders/${ORDER}`);
    const first = await approve(ada, 'counsel-06-ada-approves');
    expect(first.answer).toContain('recorded');
    await ben.goto(`/orders/${ORDER}`);
    await phase(ben, 'Pending approval');
    await station(ben, '07-half-approved');
    const second = await approve(ben, 'counsel-08-ben-approves');
    expect([second.answer, second.digest]).toEqual([expect.stringContaining('Order approved'), first.digest]);
    await sana.goto('/orders');
    await sana.page.getByText(/^Answer due by 27 Nov 2015, 17:00 .*, in 7 days 7 hours/).waitFor();
    await station(sana, '09-orders');
    await sana.goto(`/orders/${ORDER}`);
    await phase(sana, 'Announced');
    await reaches(sana, ['delivered', 'displayed'], REACHED);
    await station(sana, '09-approved');
  });

  it('devices display the notice a week before, and sign receipts for it', async () => {
    const { world, sana, come } = opened();
    await come('2015-11-24T10:00', sana);
    await world.look();
    await sana.page.getByText(`7 days before: delivered to ${REACHED} devices, displayed on ${REACHED}`).waitFor();
    await reaches(sana, ['displayed'], REACHED);
    await station(sana, '10-notice');
  });

  it('gets one reminder of the answer, records the answer with its document, and corrects the record', async () => {
    const { owner, sana, come } = opened();
    const { page } = sana;
    await come('2015-11-26T10:00', sana);
    await page.getByText('Answer due in 1 day').first().waitFor();
    await station(sana, '10a-due');
    await owner.api
      .call('GET', '/alerts?about=installation', alertList)
      .then(({ alerts }) =>
        expect(alerts.filter(({ code }) => code === `answer_due:${ORDER}`)).toMatchObject([
          { count: 1, detail: expect.stringContaining('by 27 November 2015 at 17:00 (Asia/Karachi), in 1 day') },
        ]),
      );
    await sana.goto('/alerts');
    await page.getByText(`Answer due for order ${ORDER}`).waitFor();
    await station(sana, '10b-alert', true);
    await sana.goto(`/orders/${ORDER}`);
    await button(sana, 'Record answer').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Answered on').fill('2015-11-26');
    await dialog.getByLabel('Answered by').fill('Sana Malk');
    await attach(dialog, 'Reply to the regulator.pdf');
    await station(sana, '10c-answer', true);
    await dialog.getByRole('button', { name: 'Record answer' }).click();
    await page.getByText('Answered on 2015-11-26').first().waitFor();
    await button(sana, 'Correct record 1').click();
    await dialog.getByLabel('Answered by').fill('Sana Malik, general counsel');
    await dialog.getByRole('button', { name: 'Record correction' }).click();
    await page.getByText('Replaced by record 2').waitFor();
    await page.getByText('Sana Malik, general counsel').waitFor();
    await station(sana, '10d-answered', true);
    await sana.goto('/orders');
    await page.getByText('Answered on 2015-11-26').waitFor();
    const { alerts } = await owner.api.call('GET', '/alerts?about=installation', alertList);
    expect(alerts.filter(({ code }) => code.startsWith('answer_due'))).toEqual([]);
  });

  it('moves the date the night before, and no service stops at the old date', async () => {
    const { sana, ada, ben, come } = opened();
    const { page } = sana;
    await come('2015-11-30T21:00', sana, ada, ben);
    await page.getByText(/^Takes effect in 02:59:/).waitFor();
    await button(sana, 'Extend order').click();
    const dialog = page.getByRole('dialog', { name: /^Extend order/ });
    await writeDay(dialog, '31 Dec 2015');
    await dialog.getByText(/in 30 days/).waitFor();
    await station(sana, '11-new-date');
    await button(sana, 'Propose new dates').click();
    await dialog.waitFor({ state: 'hidden' });
    for (const seat of [ada, ben]) await approve(seat, `counsel-12-new-date-${seat === ada ? 'ada' : 'ben'}`);
    await page.getByText(/^Takes effect in 30 days/).waitFor();
    await come('2015-12-01T00:01', sana);
    await phase(sana, 'Announced');
    await reaches(sana, ['enforced'], 0);
    await station(sana, '13-extended');
  });

  it('the order takes effect at its time without an action', async () => {
    const { world, sana, ada, come } = opened();
    await come('2015-12-31T00:01', sana, ada);
    await world.look();
    for (const seat of [sana, ada]) await phase(seat, 'Active');
    await reaches(sana, ['enforced'], REACHED);
    await sana.page
      .getByText(`At the effective time: delivered to ${REACHED} devices, displayed on ${REACHED}`)
      .waitFor();
    await station(sana, '14-in-force', true);
  });

  it('an auditor reads the explanation of one device at one instant', async () => {
    const { noor } = opened();
    const { page } = noor;
    await noor.goto('/devices?text=Ayesha');
    await page.getByRole('link', { name: 'Ayesha Malik' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ayesha Malik' }).waitFor();
    await page.getByLabel(/^Date and time/).fill('2015-12-31T00:00:30');
    await button(noor, 'Show state').click();
    const then = page.getByRole('article', { name: /^Device at/ });
    await then.getByText('Suspended').first().waitFor();
    expect(await textOf(then)).toContain(ORDER);
    await then.getByText('The device displayed the notice “7 days before” to its user.').waitFor();
    await station(noor, '15-explained');
  });

  it('one proposal is declined with a reason, and another is retracted by its proposer', async () => {
    const { sana, ada, come } = opened();
    const { page } = sana;
    await come('2016-01-01T10:00', sana, ada);
    const propose = async (reason: string) => {
      await button(sana, 'Withdraw').click();
      await page.getByRole('dialog').getByLabel('Reason').fill(reason);
      await button(sana, 'Propose withdrawal').click();
      await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
    };
    await propose('The regulator has answered by telephone.');
    await ada.goto(`/orders/${ORDER}`);
    await button(ada, 'Decline proposal').click();
    const declining = ada.page.getByRole('dialog');
    await declining.getByLabel('Reason').fill('A call is no instrument. Wait for the letter.');
    await station(ada, '15a-decline', true);
    await declining.getByRole('button', { name: 'Decline proposal' }).click();
    await page.getByText('A call is no instrument. Wait for the letter.').waitFor();
    await page.getByText('Declined', { exact: true }).waitFor();
    await propose('The letter has come.');
    await station(sana, '15b-pending');
    // A second person's proposal does not replace this one before another person consents.
    await ada.goto(`/orders/${ORDER}`);
    await button(ada, 'Withdraw').click();
    await ada.page.getByText('It keeps its approvals until a second person confirms').waitFor();
    await station(ada, '15b-over-pending');
    await ada.page.getByRole('dialog').getByLabel('Reason').fill('The directive was revoked.');
    await button(ada, 'Propose withdrawal').click();
    await ada.page.getByRole('heading', { name: 'Replacement of the pending proposal, not confirmed yet' }).waitFor();
    await station(ada, '15b-requested', true);
    await button(ada, 'Retract proposal').click();
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Retract proposal' }).click();
    await ada.page.getByText('Retracted', { exact: true }).waitFor();
    await sana.goto(`/orders/${ORDER}`);
    await button(sana, 'Retract proposal').click();
    await station(sana, '15c-retract');
    await page.getByRole('dialog').getByRole('button', { name: 'Retract proposal' }).click();
    await expect.poll(() => page.getByText('Retracted', { exact: true }).count(), WAIT).toBe(2);
    await phase(sana, 'Active');
  });

  it('a court stays the order with a document, for longer than one person could pause it', async () => {
    const { sana, ada, ben, come } = opened();
    const { page } = sana;
    await button(sana, 'Pause order').click();
    const dialog = page.getByRole('dialog', { name: /^Pause order/ });
    await dialog.getByLabel('Reason').fill('The court stays the directive until it has heard both sides.');
    await dialog.getByLabel('Court').fill('Islamabad High Court');
    await dialog.getByLabel('Case number').fill('W.P. 3811/2015');
    const stay = { name: 'Stay of 1 January 2016.pdf', mimeType: 'application/pdf', buffer: Buffer.from('the stay') };
    await dialog.locator('input[type=file]').setInputFiles(stay);
    await dialog.getByText('Stay of 1 January 2016.pdf (PDF,').waitFor();
    await station(sana, '15d-stay', true);
    await button(sana, 'Propose pause').click();
    await page.getByText('One approver is needed. The pause then has no time limit').first().waitFor();
    await approve(ada, 'counsel-15e-stay-ada');
    await phase(sana, 'Paused');
    await reaches(sana, ['restored'], REACHED);
    await come('2016-01-05T10:00', sana);
    await phase(sana, 'Paused');
    await page.getByText('Islamabad High Court, case W.P. 3811/2015').first().waitFor();
    await station(sana, '15f-stayed');
    await button(sana, 'Resume order').click();
    await page.getByRole('dialog').getByLabel('Reason').fill('The court lifted its stay on 5 January.');
    await button(sana, 'Propose resumption').click();
    for (const seat of [ada, ben]) await approve(seat, `counsel-15g-release-${seat === ada ? 'ada' : 'ben'}`);
    await phase(sana, 'Active');
    await reaches(sana, ['enforced'], REACHED);
  });

  it('an appeal and its outcome are on the order’s page', async () => {
    const { sana } = opened();
    const { page } = sana;
    await sana.goto(`/orders/${ORDER}`);
    await button(sana, 'Record appeal').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Filed on').fill('2016-01-02');
    await dialog.getByLabel('Court or body').fill('Islamabad High Court');
    await dialog.getByLabel('Case number').fill('W.P. 3812/2015');
    await attach(dialog, 'Petition.pdf');
    await station(sana, '15h-appeal');
    await dialog.getByRole('button', { name: 'Record appeal' }).click();
    await button(sana, 'Record decision in case W.P. 3812/2015').click();
    await dialog.getByLabel('Decided on').fill('2016-01-05');
    await dialog.getByRole('combobox', { name: 'Outcome' }).click();
    await page.getByRole('option', { name: 'Partly allowed' }).click();
    await attach(dialog, 'Judgment of 5 January 2016.pdf');
    await station(sana, '15i-decision', true);
    await dialog.getByRole('button', { name: 'Record decision' }).click();
    const decision = page.getByRole('region', { name: /^Record \d+: Decision/ });
    await decision.getByText('Partly allowed').waitFor();
    await decision.getByText('Judgment of 5 January 2016.pdf (PDF,').waitFor();
    await station(sana, '15j-decided', true);
  });

  it('two people withdraw the order, and services return', async () => {
    const { world, sana, ada, ben, come } = opened();
    const { page } = sana;
    await come('2016-01-08T09:00', sana, ada, ben);
    await button(sana, 'Withdraw').click();
    await station(sana, '16-withdraw');
    await button(sana, 'Propose withdrawal').click();
    await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
    for (const seat of [ada, ben]) await approve(seat, `counsel-17-withdraw-${seat === ada ? 'ada' : 'ben'}`);
    await phase(sana, 'Withdrawn');
    await reaches(sana, ['restored'], REACHED);
    await world.look();
    await page.getByText(`At withdrawal: delivered to ${REACHED} devices, displayed on ${REACHED}`).waitFor();
    await station(sana, '18-withdrawn');
    await sana.goto('/orders');
    await page.getByRole('heading', { name: 'No open orders' }).waitFor();
    await station(sana, '19-none-open');
  });

  evidencePack(opened);

  it('a late approval requires that the approver confirms the immediate effect', async () => {
    const { world, owner, ada } = opened();
    const shown = await owner.api.call('GET', `/orders/${ORDER}`, orderView);
    if (shown.visibility === 'hidden') throw new Error('the order is public');
    const { terms } = shown;
    const { documents: _documents, internal: _internal, receivedOn: _receivedOn, answerBy: _answerBy, ...said } = terms;
    const soon = { ...said, effective: '2016-01-09T00:00' };
    const { order } = await owner.api.call('POST', '/orders', revisionView, soon);
    await world.jump(at('2016-01-10T09:00'));
    await ada.goto(`/orders/${order}`);
    await button(ada, 'Review and approve').click();
    const dialog = ada.page.getByRole('dialog');
    const confirmed = dialog.getByRole('checkbox', { name: 'I confirm that the order takes effect immediately' });
    await confirmed.waitFor();
    const warned = dialog.getByRole('checkbox', { name: 'I have read the warnings and still approve' });
    if (await warned.isVisible()) await warned.check();
    const sign = dialog.getByRole('button', { name: 'Sign and approve' });
    expect(await sign.isDisabled()).toBe(true);
    await station(ada, '24-late', true);
    await confirmed.check();
    await sign.click();
    await dialog.getByText('Approval recorded').waitFor();
  });

  it('no page sent a request to another server or violated its content security policy', () => {
    const { sana, ada, ben, noor } = opened();
    expect([sana, ada, ben, noor].map(({ complaints }) => complaints)).toEqual([[], [], [], []]);
  });
});
