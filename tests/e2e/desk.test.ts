/**
 * The disclosure desk in a real browser: a request is received, narrowed, approved by two people, and produced. The authority opens the
 * production with age, the person is notified on a real device, and the public report lists the request. Then the desk refuses twelve
 * over-wide demands by name.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensurePage } from '../../agent/page/build.ts';
import { ensureConsole } from '../../server/console/build.ts';
import { disclosureDetail, disclosurePage } from '../../shared/api/disclosures.ts';
import { transparencyReport } from '../../shared/api/transparency.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { type Demand, enterDemand, inputTime, signInDialog, submitRefused } from '../support/desk-steps.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { invite, type Person } from '../support/people.ts';
import { runProgram } from '../support/run-program.ts';
import { BOTH_LOOKS, EVERY_LOOK, type Seat, takeSeat, textOf, WINDOWS } from '../support/seat.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const age = tool('age', 'apt-get install age');
const PICTURES = process.env['CORDON_PICTURES'];
const DAY = 86_400_000;
const COURT = 'Åklagarmyndigheten';
const USER = 'Zoe Lind';
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

describe.skipIf(!chromium.present || !age.present)('the disclosure desk', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-desk-'));
  const identity = join(folder, 'authority.key');
  let browser: Browser;
  let world: World;
  let agent: AgentProcess;
  let recipient: string;
  let people: readonly Person[];
  let [lea, mia, noa]: Seat[] = [];
  const seats: Seat[] = [];
  let request: string;
  /** End of the device's first connection. */
  let connectionEnd: number;

  beforeAll(async () => {
    await Promise.all([ensureConsole(console.log), ensurePage(console.log)]);
    [browser, world] = await Promise.all([openBrowser(), openWorld()]);
    await runProgram('age-keygen', ['-o', identity]);
    recipient = (await runProgram('age-keygen', ['-y', identity])).out.trim();
    agent = await deviceOf(USER);
    const { server, operator } = world;
    people = [
      await invite(server.admin, operator.owner, 'Lea Brandt'),
      await invite(server.admin, operator.owner, 'Mia Sundqvist'),
      await invite(server.admin, operator.owner, 'Noa Levi'),
    ];
    for (const person of people) seats.push(await takeSeat(browser, server.admin, { as: person }));
    [lea, mia, noa] = seats;
  }, 300_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await agent?.remove();
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const [at, seat] of seats.entries()) await seat.picture(`failed-desk-${at}`);
  });

  /** Enrolls a real agent that has connected, disconnected, and connected again. */
  async function deviceOf(user: string): Promise<AgentProcess> {
    const { link } = await world.operator.code({ user, group: world.group, home: 'SE' });
    const device = new AgentProcess();
    await device.enroll(link);
    device.run();
    await device.connected();
    await device.stop();
    connectionEnd = Date.now();
    device.run();
    await device.connected();
    return device;
  }

  const lastMonth = () => new Date(new Date().setUTCDate(0)).toISOString().slice(0, 7);

  /** Moves the recorded requests and refusals into the last month, as if their month had ended. */
  async function endMonth(): Promise<void> {
    for (const { page } of seats) await page.goto('about:blank');
    await world.server.stop();
    const store = new DatabaseSync(join(world.server.home, 'cordon.db'));
    const at = Date.parse(`${lastMonth()}-28T12:00:00Z`);
    store.exec(`update disclosures set received_at = ${at}, produced_at = ${at} where produced_at is not null`);
    store.exec(`update disclosure_refusals set at = ${at}`);
    store.close();
    await world.server.start();
  }

  const seatOf = (seat: Seat | undefined): Seat => {
    if (!seat) throw new Error('nobody sits here');
    return seat;
  };
  const shown = () => seatCaller().call('GET', `/disclosures/${request}`, disclosureDetail);
  const seatCaller = () => (people[0] ?? world.operator.owner).browser;
  const button = (seat: Seat, name: string | RegExp) => seat.page.getByRole('button', { name });
  const look = async (seat: Seat, name: string) => expect.soft(await seat.faults(`desk ${name}`)).toEqual([]);
  const glance = async (seat: Seat, name: string) =>
    expect.soft(await seat.faults(`desk ${name}`, BOTH_LOOKS)).toEqual([]);

  const demand = (change: Partial<Demand> = {}): Demand => ({
    person: USER,
    authority: COURT,
    reference: 'B 1234-26',
    issuedOn: day(Date.now() - 20 * DAY),
    validThrough: day(Date.now() + 30 * DAY),
    document: 'beslut 1',
    from: inputTime(Date.now() - 60 * DAY),
    to: inputTime(Date.now() - 1_000),
    records: ['Enrollment record', 'Connection log', 'Order receipts'],
    ...change,
  });

  it('an empty desk says what it is for and what to do first', async () => {
    const seat = seatOf(lea);
    await seat.goto('/');
    await seat.page.getByRole('link', { name: 'Disclosures' }).click();
    await seat.page.getByText(/First add the authority, verify its key with a second person/).waitFor();
    await look(seat, 'requests none');
    await seat.page.getByRole('tab', { name: 'Refusals' }).click();
    await seat.page.getByRole('heading', { name: 'No refusals' }).waitFor();
    await glance(seat, 'refusals none');
  });

  it('one person adds the key of the authority, and a second person verifies its fingerprint', async () => {
    const [first, second] = [seatOf(lea), seatOf(mia)];
    await first.goto('/disclosures?tab=authorities');
    await first.page.getByRole('heading', { name: 'No authorities' }).waitFor();
    await glance(first, 'authorities none');
    await button(first, 'Add authority…').click();
    const adding = first.page.getByRole('dialog', { name: 'Add authority' });
    await adding.getByLabel('Name').fill(COURT);
    await adding.getByLabel('Public key').fill(recipient);
    await adding.getByLabel('Verification').fill('Call to the number in the public register, 29 November');
    await glance(first, 'authority add');
    await adding.getByRole('button', { name: 'Add authority' }).click();
    await adding.waitFor({ state: 'hidden' });
    await first.page.getByText('Ask another person of the role legal to verify it.').waitFor();
    expect(await button(first, `Verify key of ${COURT}`).count()).toBe(0);

    const fingerprint = sha256(recipient);
    await second.goto('/disclosures?tab=authorities');
    await button(second, `Verify key of ${COURT}`).click();
    const verifying = second.page.getByRole('dialog', { name: 'Verify key of authority' });
    await verifying.getByLabel('Verification').fill('Letter of the authority, 28 November');
    // A fingerprint of another key is refused.
    second.expecting(/status of 4\d\d .*\/authorities\//);
    await verifying.getByLabel('Fingerprint from the authority').fill('ab'.repeat(32));
    await verifying.getByRole('button', { name: 'Verify key' }).click();
    await verifying.getByText(/The fingerprint is not that of the key in the registry/).waitFor();
    await glance(second, 'authority verify wrong');
    await verifying.getByLabel('Fingerprint from the authority').fill(fingerprint.replaceAll(/(....)/g, '$1 '));
    await verifying.getByRole('button', { name: 'Verify key' }).click();
    await verifying.waitFor({ state: 'hidden' });
    await second.page.getByText('Verified key', { exact: true }).waitFor();
    await look(second, 'authorities');
  });

  it('a request is received', async () => {
    const seat = seatOf(lea);
    await seat.goto('/disclosures/new');
    await seat.page.getByRole('heading', { level: 1, name: 'New request' }).waitFor();
    // Each record type says what exists and how long it is kept.
    await seat.page.getByText(/^One line for each connection of the person’s devices/).waitFor();
    await seat.page.getByText('Kept: 90 days from the end of the day on which the connection ended.').waitFor();
    await look(seat, 'form');
    await button(seat, 'Draft request').click();
    await seat.page.getByText('The account is missing. Select a person.').waitFor();
    await glance(seat, 'form empty');
    await enterDemand(seat, demand());
    await seat.page.locator('#demand-deadline').fill(inputTime(Date.now() + 5 * DAY).slice(0, 16));
    await glance(seat, 'form complete');
    await button(seat, 'Draft request').click();
    await seat.page.waitForURL(/\/disclosures\/dsc_/);
    await seat.page.getByRole('heading', { level: 1, name: `${COURT}: B 1234-26` }).waitFor();
    request = /dsc_\w+/.exec(seat.page.url())?.[0] ?? '';
    await seat.page.getByText('A person who drafted or narrowed the request cannot approve it').waitFor();
    await look(seat, 'request received');
  });

  it('the request is narrowed', async () => {
    const seat = seatOf(lea);
    await button(seat, 'Narrow request…').click();
    const dialog = seat.page.getByRole('dialog', { name: 'Narrow request' });
    await dialog.getByLabel('Start').fill(inputTime(connectionEnd - 7 * DAY));
    await dialog.getByRole('checkbox', { name: 'Order receipts' }).uncheck();
    await dialog.getByLabel('Reason for the new text').fill('The order covers one week. It asks for no receipts.');
    await glance(seat, 'request narrow');
    await dialog.getByRole('button', { name: 'Narrow request' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await seat.page.getByText(/, version 2$/).waitFor();
    expect((await shown()).records).toEqual(['connection-log', 'enrollment-record']);
  });

  it('two people of the role legal read the lines and sign the exact text', async () => {
    const digests: string[] = [];
    for (const seat of [seatOf(mia), seatOf(noa)]) {
      await seat.goto('/disclosures');
      await seat.page.getByText('Pending for you').waitFor();
      await seat.page.getByRole('link', { name: new RegExp(COURT) }).click();
      await button(seat, 'Show records').click();
      await seat.page.getByRole('table', { name: 'Lines of the production' }).waitFor();
      await button(seat, 'Review and approve…').click();
      const dialog = seat.page.getByRole('dialog', { name: 'Approve request' });
      await dialog.getByText(/, and no other account$/).waitFor();
      await glance(seat, `request approve ${digests.length}`);
      digests.push(await signInDialog(seat, 'Approve request', 'Sign and approve request'));
    }
    const { state, approved, digest, versions } = await shown();
    expect({ state, approved }).toEqual({ state: 'approved', approved: 2 });
    expect(digests).toEqual([digest, digest]);
    expect(versions.map(({ approvals }) => approvals.length)).toEqual([0, 2]);
    await look(seatOf(noa), 'request approved');
  });

  it('the records are produced once, and the authority opens the file with age', async () => {
    const seat = seatOf(mia);
    await seat.page.reload();
    await button(seat, 'Show records').click();
    const lines = seat.page.getByRole('table', { name: 'Lines of the production' }).locator('tbody tr');
    await lines.first().waitFor();
    const listed = await lines.count();
    await button(seat, 'Produce records…').click();
    const dialog = seat.page.getByRole('dialog', { name: 'Produce records' });
    await glance(seat, 'request produce');
    await dialog.getByRole('button', { name: 'Seal and produce records' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await seat.page.getByText('Produced', { exact: true }).first().waitFor();
    expect(await button(seat, /^(Produce|Narrow|Refuse)/).count()).toBe(0);
    const [file] = await Promise.all([seat.page.waitForEvent('download'), button(seat, 'Download production').click()]);
    expect(file.suggestedFilename()).toBe(`${request}.age`);
    const { code, out } = await runProgram('age', ['-d', '-i', identity, await file.path()]);
    expect(code).toBe(0);
    const [head, ...records] = out
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(head).toMatchObject({ format: 'cordon-production-1', lines: listed });
    expect(records).toHaveLength(listed);
    expect(records.map(({ record }) => record)).toEqual(
      expect.arrayContaining(['connection-log', 'enrollment-record']),
    );
    expect(out).toContain(agent.device);
    // The sealed file itself contains no record in the clear.
    expect(readFileSync(await file.path(), 'latin1')).not.toContain(agent.device);
    await look(seat, 'request produced');
  });

  it('the person is notified on the device', async () => {
    const texts = await until(async () => {
      const messages = agent.query('SELECT text FROM admin_message').map(({ text }) => String(text));
      if (!messages.some((text) => text.includes(request))) throw new Error('the device has no notice yet');
      return messages;
    }, 90_000);
    expect(texts.join()).toContain(`Authority: ${COURT}.`);
    await until(async () => expect((await shown()).notice.state).toBe('sent'), 90_000);
    const { out } = await agent.cli(['open'], { within: 120_000 });
    const link = /^http\S+/.exec(out)?.[0] ?? '';
    const seat = await takeSeat(browser, new URL(link).origin);
    seats.push(seat);
    await seat.page.goto(link);
    await seat.page
      .getByText(/your organization gave records about you to an authority/)
      .first()
      .waitFor();
    await glance(seat, 'device notice');
    await seatOf(mia).page.reload();
    await seatOf(mia)
      .page.getByText(/^Delivered to a device of the person/)
      .waitFor();
  });

  it('two people sign the statement, and the report contains it', async () => {
    const [first, second] = [seatOf(mia), seatOf(noa)];
    await first.goto('/disclosures?tab=transparency');
    await first.page.getByText('No statement', { exact: true }).waitFor();
    await glance(first, 'statement none');
    await button(first, 'Propose statement…').click();
    const proposing = first.page.getByRole('dialog', { name: 'Propose statement' });
    await glance(first, 'statement propose');
    await proposing.getByRole('button', { name: 'Propose statement' }).click();
    await proposing.waitFor({ state: 'hidden' });
    for (const seat of [first, second]) {
      await seat.goto('/disclosures?tab=transparency');
      await button(seat, 'Review and sign…').click();
      await seat.page
        .getByRole('dialog', { name: 'Sign statement' })
        .getByText(/^valid until/i)
        .waitFor();
      if (seat === second) await glance(seat, 'statement sign');
      await signInDialog(seat, 'Sign statement', 'Sign statement');
    }
    await second.page.getByText(/^Statement of /).waitFor();
    await look(second, 'transparency');
  });

  /** Over-wide demands that the form expresses, with the code of the reason. The last demands have mistakes in their instruments. */
  const overWide = (): readonly (readonly [reason: string, change: Partial<Demand>])[] => [
    ['subject_list', { subject: 'Zoe Lind, Bo Ek' }],
    ['subject_wildcard', { subject: 'per_*' }],
    ['subject_group', { subject: 'group embassies' }],
    ['subject_range', { subject: 'per_a .. per_k' }],
    ['subject_everyone', { subject: 'everyone in Sweden' }],
    ['content', { otherRecords: 'text of all messages' }],
    ['keys', { otherRecords: 'decryption keys' }],
    ['future', { to: inputTime(Date.now() + 30 * DAY) }],
    ['instrument_missing', { hasInstrument: false }],
    ['instrument_used', { reference: 'B 1234-26', document: 'beslut 1' }],
    ['instrument_expired', { validThrough: day(Date.now() - DAY) }],
  ];

  it('refuses eleven over-wide demands of the form by name, and tells the next step', async () => {
    const demands = overWide();
    const refused = new Map<number, string>();
    const enter = async (seat: Seat, at: number) => {
      const [reason, change] = demands[at] ?? ['', {}];
      await enterDemand(seat, demand({ reference: `B ${at}`, document: `beslut of ${reason}`, ...change }));
      refused.set(at, await submitRefused(seat));
      const alert = seat.page.locator('[data-refusal]');
      await alert.getByText(/^Answer to the authority: /).waitFor();
      await alert.scrollIntoViewIfNeeded();
      await seat.picture(`desk-refused-${reason}`);
      if (reason === 'subject_everyone') await look(seat, 'refused everyone');
    };
    // Three people enter demands at the same time, which takes half of the time of one person.
    const desks = [seatOf(lea), seatOf(mia), seatOf(noa)];
    await Promise.all(
      desks.map(async (seat, first) => {
        seat.expecting(/status of 422 .*\/api\/v1\/disclosures/);
        for (let at = first; at < demands.length; at += desks.length) await enter(seat, at);
      }),
    );
    expect(demands.map((_, at) => refused.get(at))).toEqual(demands.map(([reason]) => reason));
  });

  it('records a demand for wholesale access, which no request can express', async () => {
    const seat = seatOf(lea);
    await seat.goto('/disclosures?tab=refusals');
    await button(seat, 'Record demand…').click();
    const dialog = seat.page.getByRole('dialog', { name: 'Record demand' });
    await dialog.getByRole('combobox', { name: 'Reason of the refusal' }).click();
    await seat.page.getByRole('option', { name: 'The demand asks for wholesale access' }).click();
    await dialog.getByText(/We cannot comply/).waitFor();
    await dialog.getByLabel('Authority').fill('Ministry <b>of</b> everything');
    await dialog.getByLabel('Reference').fill('Letter of today');
    await dialog.getByLabel('Received on').fill(day(Date.now()));
    await dialog.getByLabel('Note').fill('The letter asks for a live connection to all accounts.');
    await glance(seat, 'record demand');
    await dialog.getByRole('button', { name: 'Record refusal' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await seat.page.getByText('Letter of today').waitFor();
    // The counts are those of months that have ended, so this month's refusals are only in the list.
    expect(await seat.page.getByRole('table', { name: 'Refusals by reason' }).count()).toBe(0);
    await look(seat, 'refusals');
  });

  it('the public report counts the request and each refusal only after the month has ended', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: true });
    const page = await context.newPage();
    const get = (query = '') => page.request.get(`${world.server.public}/transparency/report.json${query}`);
    const reportNow = async () => transparencyReport.parse(await (await get()).json());
    const none = { received: 0, answered: 0, pending: 0, refused: 0, refusedByReason: [] };
    expect((await reportNow()).disclosures).toMatchObject(none);
    const thisMonth = day(Date.now()).slice(0, 7);
    for (const query of [`?to=${thisMonth}`, `?from=${day(Date.now())}&to=${day(Date.now())}`])
      expect([query, (await get(query)).status()]).toEqual([query, 400]);

    await endMonth();
    const report = await reportNow();
    const ended = lastMonth();
    expect(report.to).toBe(ended);
    expect(report.disclosures).toMatchObject({ received: 13, answered: 1, pending: 0, refused: 12 });
    expect(report.disclosures.months.at(-1)).toEqual({
      month: ended,
      received: 13,
      answered: 1,
      accounts: 1,
      refused: 12,
    });
    const reasons = [...overWide().map(([reason]) => reason), 'wholesale'].sort();
    expect(report.disclosures.refusedByReason.map(({ reason }) => reason).sort()).toEqual(reasons);
    expect(report.disclosures.refusedByReason.every(({ count }) => count === 1)).toBe(true);
    expect(report.statement.state).toBe('valid');
    expect(JSON.stringify(report)).not.toMatch(/Zoe|per_[a-z2-7]{16}.*dsc_|B 1234/);
    const seat = seatOf(lea);
    await seat.goto('/disclosures?tab=refusals');
    const counted = seat.page.getByRole('table', { name: 'Refusals by reason' }).locator('[data-reason]');
    await expect.poll(() => counted.count()).toBe(12);
    expect(await counted.locator('td:last-child').allTextContents()).toEqual(Array(12).fill('1'));
    await look(seat, 'refusals of ended months');
    await seat.goto('/disclosures?tab=transparency');
    const newest = seat.page.getByRole('table', { name: 'Requests by month' }).locator('tbody tr').first();
    await newest.waitFor();
    expect(await newest.locator('td').allTextContents()).toEqual([ended, '13', '1', '1', '12']);
    await look(seat, 'transparency of ended months');
    await page.goto(`${world.server.public}/transparency`);
    const rows = page.getByRole('table', { name: 'Refused demands by reason' }).locator('tbody tr');
    expect(await rows.count()).toBe(12);
    expect(await textOf(page.locator('#requests'))).toMatch(/Requests answered\s*1\b/);
    for (const [on, colorScheme] of EVERY_LOOK) {
      await page.setViewportSize(WINDOWS[on]);
      await page.emulateMedia({ colorScheme });
      if (PICTURES)
        await page.screenshot({ path: join(PICTURES, `desk-public-${on}-${colorScheme}.png`), fullPage: true });
    }
    expect(await page.locator('script').count()).toBe(0);
    await context.close();
  });

  it('an auditor sees counts and reasons and no account, and an owner sees only the report', async () => {
    const { server, operator } = world;
    const auditor = await takeSeat(browser, server.admin, {
      as: await invite(server.admin, operator.owner, 'Audra', [{ role: 'auditor' }]),
    });
    seats.push(auditor);
    await auditor.goto(`/disclosures/${request}`);
    await auditor.page.getByText('One account. Auditors do not see it.').waitFor();
    await button(auditor, /^Version 2/).click();
    await auditor.page.getByText('SHA-256 hash of the text').first().waitFor();
    expect(await textOf(auditor.page.locator('main'))).not.toContain(USER);
    expect(await button(auditor, /^(Produce|Narrow|Refuse|Download|Show records|Review)/).count()).toBe(0);
    await look(auditor, 'request of an auditor');
    const owner = await takeSeat(browser, server.admin, { as: operator.owner });
    seats.push(owner);
    await owner.goto('/disclosures');
    await owner.page.getByText(/^Statement of /).waitFor();
    expect(await owner.page.getByRole('tab').allTextContents()).toEqual(['Transparency']);
    expect(await owner.page.getByRole('button', { name: /statement/ }).count()).toBe(0);
    const { disclosures } = await seatCaller().call('GET', '/disclosures', disclosurePage);
    expect(disclosures.map(({ id, state }) => [id, state])).toEqual([[request, 'produced']]);
  });

  it('no page sent a request to another server or violated its content security policy', () => {
    expect(seats.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
