/**
 * The device page in each of its states, in Chromium: accessibility by axe, on desktop and phone, in light and dark, in both writing
 * directions. Texts about orders, and names with control characters. Messaging is in memory (`memory-talk.ts`), because a real agent
 * reaches some states only under an attack or after a week.
 */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Messaging } from '../../agent/messaging/messaging.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { DAY, type FilledTalk, fillTalk, HOUR, RAN, SCRIPT } from '../support/filled-talk.ts';
import { Keyboard } from '../support/keyboard.ts';
import { createMemoryTalk, type MemoryTalk } from '../support/memory-talk.ts';
import { type PageStand, standPage } from '../support/page-stand.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';
import { longConversation } from './page-looks/long-conversation.ts';
import { lostModeBanner } from './page-looks/lost-mode-banner.ts';
import { orderTexts } from './page-looks/order-texts.ts';
import { passcodeForm } from './page-looks/passcode-form.ts';
import { policyBanner } from './page-looks/policy-banner.ts';

describe.skipIf(!chromium.present)('the device page', { timeout: 120_000 }, () => {
  let browser: Browser;
  let talk: MemoryTalk;
  let ada: Messaging;
  let stand: PageStand;
  let seat: Seat;
  let page: Page;
  let ids: FilledTalk['ids'];

  beforeAll(async () => {
    ({ talk, ada, ids } = await fillTalk());
    [browser, stand] = await Promise.all([openBrowser(), standPage(talk, 'per_ada')]);
    seat = await takeSeat(browser, stand.page.url, { locale: 'en-GB' });
    page = seat.page;
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stand?.page.close();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-page-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  const look = async (name: string) => expect.soft(await seat.faults(`page ${name}`)).toEqual([]);
  const glance = async (name: string) => expect.soft(await seat.faults(`page ${name}`, BOTH_LOOKS)).toEqual([]);
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const choose = (who: string) => page.goto(`${stand.page.url}/conversations/${ids[who]}`);
  const field = () => page.getByRole('textbox', { name: /^Message to/ });

  it('explains how to get a link, and accepts a link once', async () => {
    seat.expecting(/status of 401 /);
    await seat.goto('/');
    await page.getByText('npx cordon-agent open').waitFor();
    await look('gate');
    const link = stand.page.link();
    await page.goto(link);
    await page
      .getByRole('link', { name: /علیہ خان/ })
      .first()
      .waitFor();
    expect(page.url()).not.toContain('open=');
    const other = await takeSeat(browser, stand.page.url);
    other.expecting(/status of 401 /);
    await other.page.goto(link);
    await other.page.getByText('This link is no longer valid').waitFor();
    expect.soft(await other.faults('page link used', BOTH_LOOKS)).toEqual([]);
    await other.context.close();
  });

  it('lists conversations, newest first, with unread counts, and searches in them', async () => {
    await page.getByText('No conversation selected').waitFor();
    expect(await page.title()).toMatch(/^\(\d+\) Messages · Cordon$/);
    await look('list');
    await page.getByRole('searchbox').fill('message 11');
    await page.getByRole('heading', { name: 'Messages' }).waitFor();
    await page
      .getByRole('link', { name: /Message 11$/ })
      .or(page.getByRole('link', { name: /Message 11\b/ }))
      .first()
      .waitFor();
    await glance('search');
    // The page scrolls to an old message.
    await page.getByRole('searchbox').fill('Message 2');
    const far = page.getByRole('link', { name: /Message 2(?!\d)/ });
    await far.click();
    await page.waitForURL(/message=/);
    await page.locator('[data-sought]').filter({ hasText: 'Message 2' }).waitFor();
    expect(await textOf(page.locator(':focus'))).toContain('Message 2');
    // The search finds a message without text by the name of its file.
    await page.getByRole('searchbox').fill('INVOICE');
    await page.getByRole('link', { name: /علیہ خان.*invoice_gpj\.exe/ }).waitFor();
    await glance('search file');
    await page.getByRole('searchbox').fill('nobody said this');
    await page.getByText('No results').waitFor();
    await page.getByRole('searchbox').press('Escape');
  });

  it('shows an update that waits for the user, until no delay is left', async () => {
    const startsAt = Date.now() + 4 * HOUR;
    const offer = {
      command: newCommandId(),
      scope: 'security',
      hours: 4,
      startsAt,
      deadline: startsAt + 8 * HOUR,
    } as const;
    stand.update({ ...offer, delaysLeft: 1 });
    await page.getByRole('heading', { name: 'Update of the operating system' }).waitFor();
    await glance('update');
    await button('Delay by 4 h').click();
    await page.getByText('You cannot delay the update again.').waitFor();
    expect(await button('Delay by 4 h').count()).toBe(0);
    await button('Update now').waitFor();
    stand.update(null);
    await page.getByRole('heading', { name: 'Update of the operating system' }).waitFor({ state: 'hidden' });
  });

  it('shows a conversation with days, states, pictures and files', async () => {
    await choose('per_alia');
    await page.getByRole('img', { name: /Picture: .*نقشہ/ }).waitFor();
    await look('conversation');
    expect(await page.locator('canvas').count()).toBe(1);
    await page.getByText('invoice_gpj.exe').waitFor();
    const saved = page.waitForEvent('download');
    await button(/^Save .*invoice/).click();
    expect((await saved).suggestedFilename()).toBe('invoice_gpj.exe');
    await choose('group');
    await page.getByText('Shall we meet?').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'At ten then.' }).getByText('Held', { exact: true }).waitFor();
    const failed = page.getByRole('list', { name: 'Recipients who have not received this message' });
    expect(await textOf(failed.nth(1))).toMatch(/Ben Okri: expired.*علیہ خان: refused because of order 2026-001/s);
    expect(await textOf(failed.last())).toMatch(
      /Ben Okri: refused\. The device has reached the limit for stored attachments/,
    );
    await look('group');
    await choose('per_ben');
    await page.getByText('See you. <script>').first().waitFor();
    await choose('per_long');
    await page.getByText('The enrollment of the recipient’s device ended before the message was delivered').waitFor();
    expect(await page.locator('[data-mine] [title]').last().getAttribute('title')).toContain(
      'device was removed, before',
    );
    await glance('long words');
    await choose('per_ngozi');
    await glance('markup');
  });

  it('warns clearly of a person who is not verified', async () => {
    await choose('per_alia');
    await page.getByRole('main').getByText('Verified', { exact: true }).waitFor();
    talk.doubt('per_alia');
    await page.getByRole('note').getByText('This person has no verified device in this conversation.').waitFor();
    await look('unverified');
    await button('Conversation details').click();
    await page.getByRole('dialog').getByText('Not verified').waitFor();
    await glance('details unverified');
    await page.keyboard.press('Escape');
  });

  it('starts, renames and leaves a conversation', async () => {
    await seat.goto('/');
    await button('Start conversation').click();
    await page.getByRole('dialog').waitFor();
    await glance('start empty');
    await page.getByRole('dialog').getByRole('button', { name: 'Start conversation' }).click();
    await page.getByText('The recipient is missing. Select at least one person.').waitFor();
    await page.getByRole('combobox', { name: 'People' }).fill('zzz');
    await page.getByText('No person found.').waitFor();
    await glance('start nobody');
    await page.getByRole('combobox', { name: 'People' }).fill('b');
    await page.getByRole('option', { name: /Ben Okri/ }).waitFor();
    await glance('start');
    await page.getByRole('option', { name: /Ben Okri/ }).click();
    await page.getByRole('combobox', { name: 'People' }).fill('علیہ');
    // The server's search result proves no identity, so the mark "Verified" appears only in a conversation.
    const somebody = page.getByRole('option', { name: /علیہ/ });
    await somebody.waitFor();
    expect(await somebody.getByRole('img').count()).toBe(0);
    await somebody.click();
    await page.getByLabel('Title').fill('Lunch');
    await page.getByRole('dialog').getByRole('button', { name: 'Start conversation' }).click();
    await page.getByRole('heading', { level: 2, name: 'Lunch' }).waitFor();
    await glance('empty conversation');
    await button('Conversation details').click();
    await page.getByLabel('Title').fill('Dinner');
    await button('Rename').click();
    await page.getByText('Ada Lovelace called it “Dinner”.').first().waitFor();
    await glance('details');
    await button('Leave conversation…').click();
    await page.getByRole('dialog', { name: 'Leave conversation' }).waitFor();
    await glance('leave');
    await page.getByRole('dialog').getByRole('button', { name: 'Leave conversation' }).click();
    await page.getByText('You left this conversation.').waitFor();
    // A warning would be wrong here: a user who left learns nothing about the members.
    await page.waitForTimeout(3_500);
    await button('Conversation details').click();
    await page.getByRole('dialog').getByText('Ben Okri').waitFor();
    expect(await page.getByText(/Not verified|Verified|has verified/).count()).toBe(0);
    expect(
      await page
        .getByRole('link', { name: /Dinner/ })
        .getByRole('img')
        .count(),
    ).toBe(0);
    await page.keyboard.press('Escape');
    expect(await field().isDisabled()).toBe(true);
    await glance('left');
    talk.rejoin(ids['per_ben'] ?? '');
    await choose('per_ben');
    await page.getByText('This device lost access to this conversation').waitFor();
    await glance('rejoining');
    // The state may last, so the dialog allows to leave the conversation.
    await button('Conversation details').click();
    await button('Leave conversation…').waitFor();
    await glance('details rejoining');
  });

  it('attaches files, explains which are too large, and keeps drafts', async () => {
    await choose('per_ngozi');
    await page.getByText('up to 5.2 MB each').waitFor();
    const picker = page.locator('input[type=file]');
    await picker.setInputFiles([
      { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(5 * 1024 * 1024 + 1) },
      { name: 'منصوبہ.txt', mimeType: 'text/plain', buffer: Buffer.from('the plan') },
    ]);
    await page.getByText(/large\.bin.* is larger than 5\.2 MB/).waitFor();
    await field().fill('a plan');
    await glance('attaching');
    await page.getByRole('link', { name: /Donau/ }).click();
    await page.getByRole('heading', { level: 2, name: /Donau/ }).waitFor();
    expect(await field().inputValue()).toBe('');
    await page.getByRole('link', { name: /Ngozi/ }).first().click();
    expect(await field().inputValue()).toBe('a plan');
    await field().press('Enter');
    await page.getByRole('button', { name: /^Save .*منصوبہ\.txt/ }).waitFor();
    expect(await field().inputValue()).toBe('');
    const [{ attachments } = { attachments: [] }] = ada.messages(ids['per_ngozi'] ?? '', { limit: 1 });
    expect(attachments).toEqual([{ name: 'منصوبہ.txt', type: 'text/plain', size: 8 }]);
  });

  it('keeps a newer draft during sending, also when the message returns', async () => {
    await choose('per_ngozi');
    const file = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) });
    const picked = page.getByRole('list', { name: 'Files to send' });
    // The request waits until the test gives the response.
    const path = /\/conversations\/[^/]+\/messages$/;
    let caught = Promise.withResolvers<Route>();
    await page.route(path, (route) => (route.request().method() === 'POST' ? caught.resolve(route) : route.fallback()));
    const begin = async (text: string): Promise<Route> => {
      caught = Promise.withResolvers();
      await field().fill(text);
      await field().press('Enter');
      expect(await field().inputValue()).toBe('');
      await page.locator('textarea[data-composer]:focus').waitFor();
      return caught.promise;
    };

    const first = await begin('The first.');
    await page.keyboard.type('Written meanwhile.');
    await page.locator('input[type=file]').setInputFiles([file('meanwhile.txt')]);
    await first.continue();
    await page.locator('[data-message]').last().filter({ hasText: 'The first.' }).waitFor();
    await button('Send').and(page.locator(':not([data-loading])')).waitFor();
    expect(await field().inputValue()).toBe('Written meanwhile.');
    await picked.getByText('meanwhile.txt').waitFor();
    await page.getByRole('link', { name: /Donau/ }).click();
    await page.getByRole('heading', { level: 2, name: /Donau/ }).waitFor();
    await page.getByRole('link', { name: /Ngozi/ }).first().click();
    expect(await field().inputValue()).toBe('Written meanwhile.');

    seat.expecting(/ERR_CONNECTION_FAILED/);
    const second = await begin('The second.');
    await page.keyboard.type('And more.');
    await second.abort('connectionfailed');
    await expect.poll(() => field().inputValue()).toBe('The second.\nAnd more.');
    await picked.getByText('meanwhile.txt').waitFor();
    await page.getByRole('alert').getByText('The Cordon agent on this device does not respond').waitFor();

    // The user leaves the conversation before the response.
    const third = await begin('The third.');
    await page.getByRole('link', { name: /Donau/ }).click();
    await page.getByRole('heading', { level: 2, name: /Donau/ }).waitFor();
    await third.abort('connectionfailed');
    await page.getByRole('link', { name: /Ngozi/ }).first().click();
    await expect.poll(() => field().inputValue()).toBe('The third.');
    await page.unroute(path);
    await field().press('Enter');
    await page.locator('[data-message]').last().filter({ hasText: 'The third.' }).waitFor();
    expect(await field().inputValue()).toBe('');
  });

  it('can be used with a keyboard alone', async () => {
    await page.setViewportSize({ width: 1360, height: 860 });
    await seat.goto('/');
    await page.getByRole('link', { name: /Donau/ }).waitFor();
    const keyboard = new Keyboard(page);
    await keyboard.press('Tab');
    await keyboard.to(page.getByRole('searchbox'));
    await keyboard.press('ArrowDown', 'ArrowDown', 'End', 'Home', 'ArrowUp');
    await keyboard.at(page.getByRole('searchbox'));
    await keyboard.press('ArrowDown');
    const first = await page.evaluate<string>('document.activeElement.dataset.conversation');
    await page.keyboard.press('Enter');
    await keyboard.at(field());
    await keyboard.type('one');
    await keyboard.press('Shift+Enter');
    await keyboard.type('two');
    await page.keyboard.press('Enter');
    await page.locator('[data-message]').last().filter({ hasText: 'one' }).waitFor();
    await keyboard.at(field());
    await keyboard.to(page.locator('[data-message]').last(), 'Shift+Tab');
    await keyboard.press('ArrowUp', 'ArrowDown', 'Home', 'End');
    await keyboard.press('Escape');
    await keyboard.at(page.locator(`[data-conversation="${first}"]`));
    expect(keyboard.complaints).toEqual([]);
  });

  it('moves between the panes on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await seat.goto('/');
    await page.getByRole('link', { name: /Ngozi/ }).first().click();
    await page.getByRole('heading', { level: 2, name: /Ngozi/ }).waitFor();
    expect(await page.getByRole('searchbox').isVisible()).toBe(false);
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').waitFor();
    await page.locator(`[data-conversation="${ids['per_ngozi']}"]:focus`).waitFor();
    await page.getByRole('link', { name: /Ngozi/ }).first().click();
    await page.getByRole('link', { name: 'Back to the conversations' }).click();
    await page.getByRole('searchbox').waitFor();
    await page.setViewportSize({ width: 1360, height: 860 });
  });

  it('states that the order list has expired although the server is reachable', async () => {
    stand.expired(Date.now() - HOUR);
    await page.getByText(/^The list of orders on this device expired .* Tell your admin\.$/).waitFor();
    await look('list expired');
    stand.expired(Date.now() + DAY);
    await page.getByText(/^The list of orders on this device expired/).waitFor({ state: 'hidden' });
  });

  it('announces messages of other conversations aloud and in its title', async () => {
    await choose('per_ngozi');
    // The page does not announce messages that arrived before it was opened.
    await page.locator('[data-message]').last().waitFor();
    talk.say(ids['per_ngozi'] ?? '', 'per_ngozi', 'Here I am.', Date.now());
    await page.getByRole('log').getByText('Here I am.').waitFor();
    talk.say(ids['per_long'] ?? '', 'per_long', 'Ahoy', Date.now());
    await page.getByRole('navigation').getByText('Ahoy').waitFor();
    const unread = ada.conversations().reduce((sum, { unread: each }) => sum + each, 0);
    expect(unread).toBeGreaterThan(0);
    await expect.poll(() => page.title()).toMatch(new RegExp(`^\\(${unread}\\) .*Ngozi`));
    stand.connection('waiting');
    await page
      .getByText('This device is not connected to the server. It sends your messages when it connects.')
      .waitFor();
    await glance('offline');
    stand.connection('unrestored');
    await page.getByText(/^The server was restored from a backup that does not contain this device\./).waitFor();
    await look('unrestored');
    stand.connection('connected');
  });

  it('shows a message from the admin until it is closed, reports it once, and lists it later', async () => {
    await choose('group');
    stand.adminMessage(`The office is closed on Monday.\nUse the side entrance. ${SCRIPT}`);
    const banner = page.getByRole('region', { name: 'Message from your admin' });
    await banner.getByText('Use the side entrance.').waitFor();
    await expect.poll(() => stand.displayed).toHaveLength(1);
    await look('admin message');
    // The report marks the message as displayed. The banner stays, and sends no second report.
    stand.connection('connected');
    await page.waitForTimeout(1_000);
    expect(await banner.count()).toBe(1);
    expect(stand.displayed).toHaveLength(1);
    await banner.getByRole('button', { name: 'Close' }).click();
    await banner.waitFor({ state: 'detached' });
    await button(/^Menu/).click();
    await button('Messages from your admin').click();
    await page.getByRole('dialog').getByText('The office is closed on Monday.').waitFor();
    await glance('admin messages');
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByText('Shall we meet?').waitFor();
    expect(await banner.count()).toBe(0);
    expect(stand.displayed).toHaveLength(1);
  });

  it('shows a wider collection until it is closed, and lists what the device reports', async () => {
    await choose('group');
    stand.collect(['battery']);
    const banner = page.getByRole('region', { name: 'Your organization now collects more' });
    await banner.getByText(/Local users: Name of each local user account/).waitFor();
    await look('collection widened');
    await banner.getByRole('button', { name: 'Close' }).click();
    await banner.waitFor({ state: 'detached' });
    await button(/^Menu/).click();
    await button('What this device reports').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/Local users/).waitFor();
    await dialog.getByText(/On since/).waitFor();
    await dialog.getByText(/Switched off by your organization/).waitFor();
    await glance('collection');
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByText('Shall we meet?').waitFor();
    expect(await banner.count()).toBe(0);
  });

  orderTexts(() => ({ browser, talk, stand, seat, page, look, glance, button, choose, field }));
  policyBanner(() => ({ browser, talk, stand, seat, page, look, glance, button, choose, field }));
  lostModeBanner(() => ({ browser, talk, stand, seat, page, look, glance, button, choose, field }));
  passcodeForm(() => ({ browser, talk, stand, seat, page, look, glance, button, choose, field }));

  it('has further actions in a menu, and closes', async () => {
    await button(/^Menu of/).click();
    await page.getByText('Close page').waitFor();
    await glance('menu');
    await button('Close page').click();
    await page.getByText('npx cordon-agent open').waitFor();
    await seat.goto('/');
    await page.getByText('npx cordon-agent open').waitFor();
  });

  it('closes without input at the idle limit', async () => {
    const idle = createMemoryTalk({ per_me: 'Me', per_ben: 'Ben' });
    const id = await idle.messagingOf('per_me').start({ people: ['per_ben'], title: null });
    idle.say(id, 'per_ben', 'Nobody else may read this.', Date.now());
    const own = await standPage(idle, 'per_me');
    const left = await takeSeat(browser, own.page.url);
    left.expecting(/status of 401/);
    await left.page.goto(own.page.link());
    await left.page.getByText('Nobody else may read this.').first().waitFor();
    // Less than a second without input ends the session, so the page closes without any request of the user.
    own.idle(0.01);
    await left.page.getByText('npx cordon-agent open').waitFor();
    expect(await left.page.content()).not.toContain('Nobody else may read this.');
    expect(left.complaints).toEqual([]);
    await left.context.close();
    await own.page.close();
  });

  it('is empty for a new user, and explains what to do', async () => {
    const newcomer = await standPage(createMemoryTalk({ per_new: 'Neu' }), 'per_new');
    const alone = await takeSeat(browser, newcomer.page.url);
    await alone.page.goto(newcomer.page.link());
    await alone.page.getByText('No conversations').waitFor();
    expect.soft(await alone.faults('page empty')).toEqual([]);
    expect.soft(alone.complaints).toEqual([]);
    await alone.context.close();
    await newcomer.page.close();
  });

  longConversation(() => browser);

  it('case 51: ran no script of people’s texts, and sent no request to another server', async () => {
    expect(await page.title()).not.toBe(RAN);
    expect(seat.complaints).toEqual([]);
  });
});
