/**
 * Mail on the device page, in Chromium: each state, by mouse and keyboard, accessible by axe. Hostile mails try to run scripts, to load
 * content from the internet and to send forms. The mail engine is real, and the mail service is in memory (`mail-world.ts`).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { fillTalk, NOTICE } from '../support/filled-talk.ts';
import { attacksOn, hostileMail } from '../support/hostile-mail.ts';
import { addressOf, letter } from '../support/mail-world.ts';
import { type PageStand, standPage } from '../support/page-stand.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf, WINDOWS } from '../support/seat.ts';
import { until } from '../support/until.ts';

/**
 * Requests to other servers, errors of scripts, and anything that the frame tried. While the sanitizer parses a mail, the browser also reports
 * what it refuses there.
 */
const ATTACK = /^elsewhere|^thrown|srcdoc|sandbox/;
const ADA = 'Ada Lovelace';
/** Texts of the page in Urdu. */
const URDU = {
  title: 'ای میل',
  banner: 'اس ڈیوائس پر ای میل معطل ہے',
  reply: 'جواب دیں',
  remove: 'حذف کریں',
  cancel: 'منسوخ کریں',
  write: 'ای میل لکھیں',
  suspended: 'جب تک اوپر والا حکم نافذ ہے آپ ای میل نہیں بھیج سکتے۔ صفحہ آپ کے مسودے محفوظ کرتا ہے۔',
  programs: 'دوسرے میل پروگرام',
  programsIntro: 'اس ڈیوائس کے میل پروگرام، جیسے Thunderbird یا neomutt، آپ کی ای میل بھیج اور پڑھ سکتے ہیں۔',
};
/** 1×1 pixel, PNG. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(!chromium.present)('mail on the device page', { timeout: 180_000 }, () => {
  let browser: Browser;
  let stand: PageStand;
  let seat: Seat;
  let page: Page;
  let tracker: Server;
  let trackerUrl: string;
  const tracked: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'cordon-mail-page-'));

  beforeAll(async () => {
    const { talk } = await fillTalk();
    tracker = createServer((request, response) => {
      tracked.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
    trackerUrl = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}`;
    [browser, stand] = await Promise.all([openBrowser(), standPage(talk, 'per_ada')]);
    seat = await takeSeat(browser, stand.page.url, { locale: 'en-GB' });
    page = seat.page;
    await page.goto(stand.page.link());
    await page.getByRole('link', { name: /^Mail/ }).click();
    await page.waitForURL(/\/mail\/inbox$/);
  }, 180_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stand?.page.close();
    tracker?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-mail-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  const look = async (name: string) => expect.soft(await seat.faults(`mail ${name}`)).toEqual([]);
  const glance = async (name: string) => expect.soft(await seat.faults(`mail ${name}`, BOTH_LOOKS)).toEqual([]);
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const frame = () => page.frameLocator('iframe[title="Text of the mail"]');
  const items = (name = 'Inbox') => page.getByRole('list', { name }).getByRole('listitem');
  async function deliver(message: string | Buffer): Promise<void> {
    const { connector, device } = stand.mail;
    await connector.deliver(ADA, message);
    device.mail.newMail();
    await device.mail.maintain();
  }
  const choose = async (subject: string) => {
    await page.getByRole('link', { name: new RegExp(subject) }).click();
    await page.getByRole('heading', { name: subject }).waitFor();
  };
  const inbox = () => seat.goto('/mail/inbox');
  async function changed(change: () => unknown): Promise<void> {
    await change();
    const { mail } = stand.mail.device;
    mail.wake();
    await mail.maintain();
    stand.changed();
  }

  it('explains an empty inbox', async () => {
    await page.getByText('No mail', { exact: true }).waitFor();
    await page.getByText('No mail selected').waitFor();
    await look('empty inbox');
  });

  it('shows new mail without a reload, and marks it as read', async () => {
    await deliver(letter('Minutes of November', 'The minutes.\r\n\r\nSecond paragraph.', [`To: ${addressOf(ADA)}`]));
    await deliver(letter('=?utf-8?B?2YXYsdit2KjYpw==?=', 'متن'));
    await until(async () => expect(await items().count()).toBe(2));
    await until(async () => expect(await page.title()).toBe('(2) Mail · Cordon'));
    await look('inbox');
    await choose('Minutes of November');
    await page.getByRole('article').getByText('Second paragraph.').waitFor();
    await until(async () => expect(await page.title()).toBe('(1) Mail · Cordon'));
    await look('reader');
    await button('Mark as unread').click();
    await until(async () => expect(await page.title()).toBe('(2) Mail · Cordon'));
  });

  it('says that a mail stays unread, and marks it as read at the next attempt', async () => {
    await inbox();
    seat.expecting(/net::ERR_FAILED/);
    await page.route('**/api/mail/read', (route) => route.abort());
    await choose('Minutes of November');
    const alert = page.getByRole('alert').filter({ hasText: 'The mail stays unread' });
    await alert.waitFor();
    expect(await page.title()).toBe('(2) Mail · Cordon');
    await glance('still unread');
    await page.unroute('**/api/mail/read');
    await alert.getByRole('button', { name: 'Mark as read' }).click();
    await until(async () => expect(await page.title()).toBe('(1) Mail · Cordon'));
    expect(await alert.count()).toBe(0);
    await button('Mark as unread').click();
    await until(async () => expect(await page.title()).toBe('(2) Mail · Cordon'));
  });

  it('is searched by subject, person and text', async () => {
    const field = page.getByRole('searchbox', { name: 'Search mail' });
    await field.fill('eve paragraph');
    await page.getByRole('heading', { name: 'Search results' }).waitFor();
    await until(async () => expect(await items('Search results').count()).toBe(1));
    await glance('search');
    await field.fill('nobody wrote this');
    await page.getByText('No results').waitFor();
    await field.press('Escape');
    await until(async () => expect(await items().count()).toBe(2));
  });

  it('saves a draft automatically, also over a reload, and sends it', async () => {
    await inbox();
    await button('Write mail').click();
    await page.getByLabel('To', { exact: true }).fill('Zoe <zoe@example.org>');
    await page.getByLabel('Subject').fill('Figures');
    await page.getByLabel('Text').fill('See the file.');
    await page.getByText('Draft saved on this device.').waitFor();
    await until(() =>
      expect(stand.mail.device.mail.list('drafts', { before: null, limit: 1 })[0]?.subject).toBe('Figures'),
    );
    await page.reload();
    expect(await page.getByLabel('Text').inputValue()).toBe('See the file.');
    const big = join(folder, 'big.bin');
    writeFileSync(big, Buffer.alloc(14_000_000, 'a'));
    await page.locator('input[type=file]').setInputFiles(big);
    await page.getByRole('list', { name: 'Files of the draft' }).getByText('14 MB').waitFor();
    await look('editor');
    await page.locator('input[type=file]').setInputFiles(big);
    await page
      .getByRole('alert')
      .getByText(/at most 26 MB together/)
      .waitFor();
    seat.expecting(/status of 413/);
    await button('Send mail').click();
    await page.waitForURL(/\/mail\/sent\//);
    await page
      .getByText(/^Sent\.|^Pending\.|Sent\./)
      .first()
      .waitFor();
    await until(async () =>
      expect(await textOf(page.getByRole('article').getByRole('status'))).toContain('The server has the mail'),
    );
    await look('sent');
    const [opened] = await stand.mail.connector.receive();
    expect(opened?.header.envelope.to).toEqual(['zoe@example.org']);
    const { device } = stand.mail;
    device.mail.newMail();
    await device.mail.maintain();
    await until(async () => expect(await textOf(page.getByRole('article').getByRole('status'))).toContain('Delivered'));
    const saved = page.waitForEvent('download');
    await button(/^Save file .*big\.bin/).click();
    expect((await saved).suggestedFilename()).toBe('big.bin');
  });

  it('says which address is malformed, and keeps the draft', async () => {
    await inbox();
    await button('Write mail').click();
    seat.expecting(/status of 400 /);
    await page.getByLabel('To', { exact: true }).fill('nobody');
    await button('Send mail').click();
    await page.getByText('“nobody” is not an e-mail address.').waitFor();
    await glance('malformed address');
    await button('Delete draft').click();
    await page.getByRole('dialog').waitFor();
    await glance('delete draft');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete draft' }).click();
    await page.waitForURL(/\/mail\/drafts$/);
    await page.getByText('No drafts').waitFor();
  });

  it('answers and forwards by keyboard alone', async () => {
    await inbox();
    await page.getByRole('searchbox', { name: 'Search mail' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Minutes of November' }).waitFor();
    await page.keyboard.press('Tab');
    await until(async () => expect(await textOf(page.locator(':focus'))).toBe('Reply'));
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/mail\/drafts\//);
    expect(await page.getByLabel('Subject').inputValue()).toBe('Re: Minutes of November');
    await until(async () =>
      expect(
        (await page.locator(':focus').getAttribute('name')) ?? (await page.locator('textarea:focus').count()),
      ).toBe(1),
    );
    await page.keyboard.type('Thanks.');
    expect(await page.getByLabel('Text').inputValue()).toMatch(
      /^Thanks\.\n\nEve wrote on 2026-11-29 12:00 UTC:\n> The minutes\./,
    );
    await glance('reply');
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/mail\/drafts$/);
    await page.getByRole('link', { name: /Re: Minutes of November/ }).waitFor();
  });

  it('deletes a mail after a confirmation', async () => {
    await deliver(letter('Delete me'));
    await inbox();
    await choose('Delete me');
    await button('Delete').click();
    await glance('delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete mail' }).click();
    await page.waitForURL(/\/mail\/inbox$/);
    await until(async () => expect(await page.getByRole('link', { name: /Delete me/ }).count()).toBe(0));
  });

  it('shows formatting and pictures of the mail itself', async () => {
    const html = [
      '<h2 style="color: rgb(180, 0, 0)">Offer</h2><p>Price: <b>12</b></p>',
      '<img src="cid:logo@corp" alt="Logo" width="40" height="40"><a href="https://example.org/">Link</a>',
    ].join('');
    await deliver(mixed('Formatted', html, PIXEL));
    await inbox();
    await choose('Formatted');
    const heading = frame().getByRole('heading', { name: 'Offer' });
    await heading.waitFor();
    expect(await heading.getAttribute('style')).toContain('rgb(180, 0, 0)');
    const picture = frame().getByAltText('Logo');
    await until(async () => expect(await picture.getAttribute('src')).toBe(`data:image/png;base64,${PIXEL}`));
    expect(await frame().getByRole('link').getAttribute('rel')).toContain('noopener');
    await look('formatted');
    await button('Show as plain text').click();
    await page.getByRole('article').getByText('Plain alternative').waitFor();
  });

  it('loads nothing from the internet', async () => {
    await deliver(hostileMail('Tracking', trackers(trackerUrl)));
    await inbox();
    const before = seat.complaints.length;
    await choose('Tracking');
    await frame().getByText('You read this').waitFor();
    await page.getByText('The page did not load content from the internet').waitFor();
    await look('tracking');
    // The frame is complete only after all pictures, styles and fonts that it requests.
    await until(async () =>
      expect(
        await frame()
          .locator('body')
          .evaluate(({ ownerDocument }) => ownerDocument.readyState),
      ).toBe('complete'),
    );
    expect(tracked).toEqual([]);
    expect(seat.complaints.slice(before).filter((each) => ATTACK.test(each))).toEqual([]);
    // The tracker would notice a request.
    await page.context().request.get(`${trackerUrl}/probe`);
    expect(tracked).toEqual(['/probe']);
  });

  it('runs no script, sends no form and changes no page', async () => {
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const attacks = attacksOn(trackerUrl);
    for (const [index, attack] of attacks.entries())
      await stand.mail.connector.deliver(ADA, hostileMail(attackName(index), attack));
    stand.mail.device.mail.newMail();
    await stand.mail.device.mail.maintain();
    await inbox();
    tracked.length = 0;
    const before = seat.complaints.length;
    for (const [index] of attacks.entries()) {
      await choose(attackName(index));
      await frame().getByText('You read this').waitFor();
      const dangerous =
        'script, form, input, iframe, object, embed, svg, math, meta[http-equiv=refresh i], base, link, style, [onerror], [onload], [onclick], [href^="javascript:" i]';
      expect.soft([index, await frame().locator(`body :is(${dangerous})`).count()]).toEqual([index, 0]);
    }
    expect(page.url()).toContain(stand.page.url);
    expect(dialogs).toEqual([]);
    expect(tracked).toEqual([]);
    expect(seat.complaints.slice(before).filter((each) => ATTACK.test(each))).toEqual([]);
    const sandbox = await page.locator('iframe').getAttribute('sandbox');
    expect(sandbox).not.toMatch(/scripts|same-origin|forms|top-navigation/);
    expect(await page.locator('iframe').getAttribute('srcdoc')).toContain("default-src 'none'; img-src data:");
  });

  it('says why a mail cannot be read', async () => {
    const { device, connector } = stand.mail;
    await connector.deliver(ADA, letter('Unreadable'));
    for (const { generation, number } of device.store.device(device.id).mail.mailKeys()) {
      device.store.device(device.id).mail.removeMailKey(generation, number);
    }
    device.mail.newMail();
    await device.mail.maintain();
    await inbox();
    await page.getByRole('link', { name: /The mail cannot be displayed/ }).click();
    await page.getByText('sealed for a mail key that this device does not have any more').first().waitFor();
    await glance('unreadable');
  });

  it.each([
    ['held', 'Held', 'held'],
    ['refused', 'Returned', 'returned'],
  ] as const)('shows a mail that an order has %s with order and appeal', async (outcome, state, name) => {
    const { world, connector } = stand.mail;
    const denial = {
      code: 'service_denied' as const,
      detail: 'by order',
      order: '2026-007',
      reasons: [],
      appeal: 'appeals@example.org',
      by: 'server' as const,
    };
    world.service.outcomes.set(connector.self.device, { outcome, denial });
    await inbox();
    await button('Write mail').click();
    await page.getByLabel('To', { exact: true }).fill('zoe@example.org');
    await page.getByLabel('Subject').fill(name);
    await button('Send mail').click();
    await page.waitForURL(/\/mail\/sent\//);
    const status = page.getByRole('article').getByRole('status');
    await until(async () =>
      expect(await textOf(status)).toMatch(new RegExp(`${state}\\..*2026-007.*appeals@example\\.org`, 's')),
    );
    await glance(name);
    world.service.outcomes.clear();
  });

  it('is in the reader’s language and direction, also on a narrow phone', async () => {
    await changed(() => {
      stand.mail.device.gate = { order: '2026-009', waiting: 'hold', statement: NOTICE.statement };
    });
    const urdu = await takeSeat(browser, stand.page.url, { locale: 'ur-PK' });
    const { page: own } = urdu;
    const narrow = async (name: string) => {
      await own.setViewportSize({ width: 320, height: 568 });
      await urdu.picture(name);
    };
    await own.goto(stand.page.link());
    await own.getByRole('link', { name: new RegExp(`^${URDU.title}`) }).click();
    const banner = own.getByRole('region', { name: URDU.banner });
    await banner.waitFor();
    expect(await own.locator('main').getAttribute('dir')).toBe('rtl');
    expect.soft(await urdu.faults('mail urdu inbox')).toEqual([]);
    await narrow('mail-urdu-inbox-narrow');
    // The page scrolls, not the banner, so that no text of the banner is cut off.
    const hidden = await own.locator('main').evaluate((main) => {
      const notices = main.previousElementSibling;
      return notices ? notices.scrollHeight - notices.clientHeight : -1;
    });
    expect(hidden).toBe(0);
    await own.getByRole('link', { name: /Formatted/ }).click();
    await own.getByRole('button', { name: URDU.reply, exact: true }).waitFor();
    await narrow('mail-urdu-reader-narrow');
    expect.soft(await urdu.faults('mail urdu reader')).toEqual([]);
    await own.getByRole('button', { name: URDU.remove, exact: true }).click();
    await own.getByRole('dialog').getByRole('button', { name: URDU.cancel }).waitFor();
    expect.soft(await urdu.faults('mail urdu delete', BOTH_LOOKS)).toEqual([]);
    await own.getByRole('dialog').getByRole('button', { name: URDU.cancel }).click();
    await own.getByRole('button', { name: URDU.write }).click();
    await own.getByText(URDU.suspended).waitFor();
    expect.soft(await urdu.faults('mail urdu editor')).toEqual([]);
    await own.getByRole('button', { name: /^Menu/ }).click();
    await own.getByRole('button', { name: URDU.programs }).click();
    await own.getByText(URDU.programsIntro).waitFor();
    expect.soft(await urdu.faults('mail urdu programs', BOTH_LOOKS)).toEqual([]);
    expect(urdu.complaints.filter((each) => ATTACK.test(each))).toEqual([]);
    await urdu.context.close();
    await changed(() => {
      stand.mail.device.gate = null;
    });
  });

  it('names the order that suspends mail, and keeps mail readable', async () => {
    await changed(() => {
      stand.mail.device.gate = { order: '2026-009', waiting: 'return' };
    });
    await inbox();
    const banner = page.getByRole('region', { name: 'Mail is suspended on this device' });
    await banner.getByText(/Order .*2026-009/).waitFor();
    expect(await textOf(banner)).toMatch(/names the order and the contact.*appeals@example\.org/s);
    await look('suspended');
    await page.setViewportSize({ width: 320, height: 568 });
    await seat.picture('mail-suspended-narrow');
    // The list scrolls inside. The page is longer than the window only by the banner.
    const [pageHeight, contentHeight] = await page.evaluate<[number, number]>(
      "[document.documentElement.scrollHeight, document.querySelector('main').getBoundingClientRect().bottom + scrollY]",
    );
    expect(pageHeight - contentHeight).toBeLessThanOrEqual(1);
    await page.setViewportSize(WINDOWS.desk);
    await choose('Formatted');
    await frame().getByRole('heading', { name: 'Offer' }).waitFor();
    await button('Write mail').click();
    await page.getByText('You cannot send mail while the order above is active.').waitFor();
    expect(await button('Send mail').isDisabled()).toBe(true);
    await glance('suspended editor');
    await changed(() => {
      stand.mail.device.gate = null;
    });
    await until(async () => expect(await button('Send mail').isDisabled()).toBe(false));
  });

  it('says what to do without a mail connector', async () => {
    const { world, connector, device } = stand.mail;
    world.revoke(connector.self.device);
    await changed(() => device.mail.welcomed());
    await inbox();
    await page.getByText('Mail is not set up').waitFor();
    await look('no connector');
  });

  it('shows a locked and a wiped workspace', async () => {
    const { device } = stand.mail;
    seat.expecting(/status of (409|423|410|403) /);
    await changed(() => device.workspace.lock(Buffer.alloc(32, 1)));
    await page.getByRole('heading', { name: 'Workspace locked' }).waitFor();
    expect(await page.getByRole('link', { name: /Formatted/ }).count()).toBe(0);
    await glance('locked');
    await changed(() => device.workspace.wipe());
    await page.getByRole('heading', { name: 'Workspace wiped' }).waitFor();
    await glance('wiped');
  });
});

/** A mail with plain text, HTML and a picture. */
function mixed(subject: string, html: string, png: string): string {
  return letter(
    subject,
    `--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain\r\n\r\nPlain alternative\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n--c--\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo@corp>\r\nContent-Transfer-Encoding: base64\r\n\r\n${png}\r\n--b--`,
    ['MIME-Version: 1.0', 'Content-Type: multipart/related; boundary=b'],
  );
}

const attackName = (index: number) => `Attack ${String(index + 1).padStart(2, '0')}`;

const trackers = (url: string): string => `
  <img src="${url}/pixel.png" width="1" height="1">
  <img srcset="${url}/srcset.png 2x"><picture><source srcset="${url}/source.png"><img src="x"></picture>
  <div style="background-image: url(${url}/css.png)">css</div>
  <div style="background: u\\72l(${url}/escaped.png)">css</div>
  <div style="list-style-image: image-set('${url}/set.png' 1x)">css</div>
  <style>@import url(${url}/import.css); @font-face { font-family: x; src: url(${url}/font.woff2) } body { font-family: x; background: url(${url}/style.png) }</style>
  <link rel="stylesheet" href="${url}/link.css"><link rel="prefetch" href="${url}/prefetch"><link rel="dns-prefetch" href="${url}">
  <table background="${url}/table.png"><tr><td background="${url}/cell.png">cell</td></tr></table>
  <video poster="${url}/poster.png" src="${url}/video.mp4" autoplay></video><audio src="${url}/audio.mp3" autoplay></audio>
  <iframe src="${url}/frame"></iframe><object data="${url}/object"></object><embed src="${url}/embed">
  <svg><image href="${url}/svg.png" /><use href="${url}/use.svg#a" /></svg>
  <meta http-equiv="refresh" content="0; url=${url}/refresh"><base href="${url}/base/"><img src="relative.png">
  <input type="image" src="${url}/input.png"><body background="${url}/body.png">`;
