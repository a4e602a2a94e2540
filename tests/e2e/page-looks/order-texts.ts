/** Tests of the texts on the device page about orders, and about the state of messaging. */
import type { Browser, Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { COMING, NOTICE, PEOPLE } from '../../support/filled-talk.ts';
import type { MemoryTalk } from '../../support/memory-talk.ts';
import type { PageStand } from '../../support/page-stand.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../../support/seat.ts';

export interface OpenedPage {
  readonly browser: Browser;
  readonly talk: MemoryTalk;
  readonly stand: PageStand;
  readonly seat: Seat;
  readonly page: Page;
  /** Checks the page in each width and color scheme. */
  look(name: string): Promise<void>;
  /** Checks a dialog, or a page that differs little from a checked page. */
  glance(name: string): Promise<void>;
  button(name: string | RegExp): Locator;
  /** Opens a conversation by its key in `FilledTalk.ids`. */
  choose(who: string): Promise<unknown>;
  /** The field for the text of a new message. */
  field(): Locator;
}

export function orderTexts(opened: () => OpenedPage): void {
  it('announces an order, and displays all of it while it is active, in the user’s language', async () => {
    const { browser, talk, stand, page, look, glance, button, choose, field } = opened();
    await choose('group');
    stand.orders([COMING]);
    await page.getByText(/^Order \u20682026-002\u2069 will suspend messages in some areas from/).waitFor();
    await look('announced');
    await button('Read order').click();
    await page.getByRole('dialog').getByText('Messages end on 30 December').waitFor();
    await glance('orders');
    expect(stand.shown).toEqual(['2026-002']);
    await page.keyboard.press('Escape');
    stand.orders([NOTICE, COMING], ['2026-001']);
    const banner = page.getByRole('region', { name: 'Messages are suspended on this device' });
    await banner.getByText('This device is in Pakistan.').waitFor();
    await banner.getByText('appeals@example.org').waitFor();
    await expect.poll(() => stand.shown).toContain('2026-001');
    expect(await field().isDisabled()).toBe(true);
    await page.getByText('You cannot write while the order above is active.').waitFor();
    await look('denied');
    const saved = page.waitForEvent('download');
    await banner.getByRole('button', { name: 'Save a copy of my data' }).click();
    expect((await saved).suggestedFilename()).toMatch(/^cordon-messages-\d{4}-\d\d-\d\d\.jsonl$/);
    await button('Show less').click();
    await glance('denied folded');

    const reader = await takeSeat(browser, stand.page.url, { locale: 'ur-PK', timezoneId: 'Asia/Karachi' });
    await reader.page.goto(stand.page.link());
    const words = reader.page.locator('blockquote[lang=ur]:dir(rtl)');
    await words.waitFor();
    expect(await textOf(words)).toContain('ریگولیٹر');
    // The labels around the order's text are in the same language, from right to left.
    const theirs = reader.page
      .locator('section[lang=ur]:dir(rtl)')
      .filter({ hasText: 'اس ڈیوائس پر پیغامات معطل ہیں' });
    await theirs.getByText('یہ ڈیوائس پاکستان میں ہے۔').waitFor();
    await theirs.getByText('اپیل کے لیے رابطہ').waitFor();
    // After right-to-left letters, a number with a hyphen would appear as 001-2026.
    await theirs.getByText('حکم \u20682026-001\u2069').waitFor();
    expect.soft(await reader.faults('page denied urdu')).toEqual([]);
    await reader.page.getByRole('button', { name: 'English' }).first().click();
    await reader.page.getByText('Messages end on 30 December').first().waitFor();
    expect.soft(reader.complaints).toEqual([]);
    await reader.context.close();
    // A language with longer words.
    const german = await takeSeat(browser, stand.page.url, { locale: 'de-AT' });
    await german.page.goto(stand.page.link());
    await german.page.getByText('Kontakt für Einsprüche').waitFor();
    expect.soft(await german.faults('page denied german', BOTH_LOOKS)).toEqual([]);
    await german.context.close();
    stand.orders([]);
    talk.become('per_ada', { state: 'ready', person: 'per_ada', name: PEOPLE.per_ada });
  });

  it('explains why the user cannot read or write', async () => {
    const { talk, stand, seat, page, glance } = opened();
    const wiped = { ...NOTICE, exit: { exportsUntil: 0, approved: true, wiped: Date.now() } };
    for (const [state, exits, mending] of [
      ['uncertified', [], 'Your organization must verify this device'],
      ['locked', [], 'Ask your admin to unlock the workspace.'],
      ['wiped', [], /An admin wiped .* ask your admin to unlock the workspace/],
      ['wiped', [wiped], /An order wiped .* ask your admin to enroll the device and to unlock/],
    ] as const) {
      // An open page would repeat its queries at each change.
      await page.goto('about:blank');
      stand.orders(exits);
      talk.become('per_ada', { state });
      await seat.goto('/');
      await page
        .getByRole('status')
        .filter({ has: page.getByRole('heading') })
        .getByText(mending)
        .waitFor();
      await glance(exits.length > 0 ? `${state} by an order` : state);
      expect(await page.getByRole('searchbox').count()).toBe(state === 'uncertified' ? 1 : 0);
    }
    stand.orders([]);
    talk.become('per_ada', { state: 'ready', person: 'per_ada', name: PEOPLE.per_ada });
    await seat.goto('/conversations/nothing');
    await page.getByText('Conversation not found').waitFor();
    await glance('no conversation');
  });
}
