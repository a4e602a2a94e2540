/** Tests of the scroll position and of read reports in a long conversation, each on a page of its own. */
import type { Browser } from 'playwright-core';
import { expect, it } from 'vitest';
import { DAY } from '../../support/filled-talk.ts';
import { createMemoryTalk } from '../../support/memory-talk.ts';
import { standPage } from '../../support/page-stand.ts';
import { takeSeat } from '../../support/seat.ts';

export function longConversation(opened: () => Browser): void {
  it('scrolls to a search result although the conversation changes constantly', async () => {
    const busy = createMemoryTalk({ per_me: 'Me', per_ben: 'Ben', per_eve: 'Eve' });
    const me = busy.messagingOf('per_me');
    const [ben, eve] = [
      await me.start({ people: ['per_ben'], title: null }),
      await me.start({ people: ['per_eve'], title: null }),
    ];
    for (let at = 1; at <= 120; at++) busy.say(ben, 'per_ben', `Message ${at}`, Date.now() - DAY + at * 60_000);
    const own = await standPage(busy, 'per_me');
    const other = await takeSeat(opened(), own.page.url);
    await other.page.goto(own.page.link());
    await other.page.getByText('No conversation selected').waitFor();
    // On a slow connection, a response is still on its way at the next change.
    const devtools = await other.page.context().newCDPSession(other.page);
    const unlimited = { offline: false, downloadThroughput: -1, uploadThroughput: -1 };
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', { ...unlimited, latency: 200 });
    const changes = setInterval(() => busy.say(eve, 'per_eve', 'And another thing.', Date.now()), 50);
    try {
      for (let round = 0; round < 3; round++) {
        await other.page.goto(own.page.url);
        await other.page.getByRole('searchbox').fill('Message 2');
        await other.page.getByRole('link', { name: /Message 2(?!\d)/ }).click();
        await other.page.locator('[data-sought]').filter({ hasText: 'Message 2' }).waitFor();
      }
    } finally {
      clearInterval(changes);
    }
    expect.soft(other.complaints).toEqual([]);
    await other.context.close();
    await own.page.close();
  });

  it('reports loaded messages as read, and earlier ones when the user scrolls there', async () => {
    const long = createMemoryTalk({ per_me: 'Me', per_ben: 'Ben' });
    const me = long.messagingOf('per_me');
    const ben = await me.start({ people: ['per_ben'], title: null });
    for (let at = 1; at <= 120; at++) long.say(ben, 'per_ben', `Message ${at}`, Date.now() - DAY + at * 60_000);
    const own = await standPage(long, 'per_me');
    const reader = await takeSeat(opened(), own.page.url);
    await reader.page.goto(own.page.link());
    await reader.page.getByRole('link', { name: /120 unread messages/ }).click();
    await reader.page.getByText('Message 120').last().waitFor();
    await reader.page.getByRole('link', { name: /70 unread messages/ }).waitFor();
    expect(me.unseen(ben, 120).map(({ text }) => text)).toEqual(
      Array.from({ length: 70 }, (_, at) => `Message ${at + 1}`),
    );
    const first = reader.page.locator('[data-message]').first();
    const up = () => first.evaluate((message) => message.scrollIntoView({ block: 'end' }));
    await expect.poll(() => up().then(() => me.conversations()[0]?.unread)).toBe(0);
    expect.soft(reader.complaints).toEqual([]);
    await reader.context.close();
    await own.page.close();
  });
}
