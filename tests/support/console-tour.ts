/**
 * A tour of all pages and dialogs of the console. Names of devices, people and orders contain scripts, which must never run (case 51). On
 * each page, axe must find no fault, on desktop and phone, in light and dark. No page may be wider than its window.
 */
import { generate } from 'otplib';
import type { Browser, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { STEP_UP_WITHIN } from '../../server/admins/action-policy.ts';
import { invitedAccount } from '../../shared/api/accounts.ts';
import { devicePage } from '../../shared/api/devices.ts';
import { createdToken, steppedUp } from '../../shared/api/session.ts';
import type { Resident } from '../demo/population.ts';
import { closeBrowser, openBrowser } from './browser.ts';
import { RAN, RESIDENTS } from './console-fleet.ts';
import { BEGIN, type ConsoleWorld, officesOf, openConsoleWorld } from './console-world.ts';
import { type Operator, setUp } from './operator.ts';
import { rawIds } from './raw-ids.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from './seat.ts';
import { until } from './until.ts';

export const HOUR = 3_600_000;
export const SCRIPT = `<script>document.title='${RAN}'</script>`;

const IN_DISPUTED_TERRITORY: Resident = {
  index: 0,
  user: 'Noor حسین',
  machine: { hostname: 'KHI-srinagar-1', distro: 'Debian GNU/Linux', release: '13' },
  spot: {
    label: 'srinagar',
    office: { name: 'Karachi office', country: 'PK', code: 'KHI' },
    online: true,
    weight: 1,
    evidence: { ip: 'IN', position: [34.08, 74.79, 80] },
  },
};

/** Terms of an order whose texts contain a script. */
export const scriptedTerms = (title: string, area: string, effective: number) => ({
  title,
  areas: [area],
  services: ['messaging', 'mail'],
  nexus: ['present', 'network'],
  effective: new Date(effective).toISOString(),
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: `The authority ${SCRIPT}`,
  addressee: 'operators',
  instrument: `directive ${'without a space'.replaceAll(' ', '-').repeat(12)}`,
  statement: { en: `Messages end. ${SCRIPT}`, ur: 'پیغامات کی سروس بند ہو جائے گی۔', he: 'השירות יופסק.' },
  authoritativeLanguage: 'ur',
});

export interface ConsoleTour {
  readonly browser: Browser;
  readonly world: ConsoleWorld;
  readonly operator: Operator;
  readonly seat: Seat;
  readonly page: Page;
  /** Device whose user's name is an HTML element. */
  readonly device: string;
  /** Checks a page in each width and color scheme. */
  look(name: string): Promise<void>;
  /** Checks a dialog, or a page that differs little from a checked page. */
  glance(name: string): Promise<void>;
  /** Renews the step-up of the owner's session before it ends: on a slow machine, the pages take longer than its 10 minutes. */
  stepUp(): Promise<void>;
  heading(name: string | RegExp): Promise<void>;
  button(name: string | RegExp): Locator;
  /** Opens a dialog with the button `opener`. */
  dialog(opener: string | RegExp, name: string | RegExp): Promise<void>;
  close(): Promise<void>;
  remove(): Promise<void>;
}

export async function openConsoleTour(): Promise<ConsoleTour> {
  const [browser, world] = await Promise.all([
    openBrowser(),
    openConsoleWorld({ residents: [...RESIDENTS, IN_DISPUTED_TERRITORY], demo: false }),
  ]);
  const remove = async () => {
    await closeBrowser(browser);
    await world.remove();
  };
  try {
    const operator = await setUp(world.url, world.firstOwnerLink);
    const device = await fill(world, operator);
    const seat = await takeSeat(browser, world.url, { as: operator.owner });
    return { browser, world, operator, seat, page: seat.page, device, ...visit(seat, operator), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Creates devices, people, orders and a command. Returns the device whose user's name is an HTML element. */
async function fill(world: ConsoleWorld, operator: Operator): Promise<string> {
  const { owner, as } = operator;
  await world.settle(await officesOf(owner));
  const people = [`Zeynep <b>Öz</b> ${SCRIPT}`, 'د. محمد الأحمد', '👩🏽‍⚖️ Ngozi'.padEnd(100, ' Adaeze')];
  for (const [at, name] of people.entries()) {
    const grants = [{ role: 'helpdesk', area: 'PK' }];
    await owner.browser.call('POST', '/accounts', invitedAccount, { email: `person-${at}@example.org`, name, grants });
  }
  await owner.browser.call('POST', '/tokens', createdToken, { name: SCRIPT }).catch(() => undefined);
  await operator.adopt(await operator.propose(scriptedTerms(`Germany ${SCRIPT}`, 'DE', world.now() + 10_000)));
  await operator.propose({
    ...scriptedTerms('پاکستان: پیغامات', 'PK', BEGIN + 240 * HOUR),
    receivedOn: '2015-11-20',
    answerBy: '2015-12-01T12:00',
    provenance: 'disputed',
    answers: '2015-001',
    publication: { law: `Act 5 ${SCRIPT}` },
    notice: { ur: 'پیغامات رک جائیں گے' },
    noticePlan: ['P7D', 'effective'],
    decision: { considered: `Whether to appeal. ${SCRIPT}`, by: 'Zeynep', reasons: 'We have people there.' },
  });
  const ended = await operator.propose(scriptedTerms('Withdrawn long ago', 'AE', BEGIN + 100 * HOUR));
  await operator.adopt(ended);
  await operator.adopt(await operator.act(ended.order, { action: 'withdraw' }));

  const { devices } = await as(owner, 'GET', '/devices?limit=100', devicePage);
  const named = (part: string) => devices.find(({ user }) => user.includes(part))?.id ?? '';
  const device = named('<img');
  const message = { kind: 'message', text: `Call us. ${SCRIPT}` };
  await as(owner, 'POST', `/devices/${device}/commands`, z.unknown(), { command: message });
  const statement = { areas: ['PK', 'AE'], reason: SCRIPT, until: BEGIN + 100 * HOUR };
  await as(owner, 'PATCH', `/devices/${device}`, z.unknown(), { statement });
  await as(owner, 'POST', `/devices/${named('HYPERLINK')}/revoke`, z.unknown(), {});
  return device;
}

function visit(seat: Seat, { owner }: Operator) {
  const { page } = seat;
  // A step-up waits for the next code, for up to 30 seconds, so it is renewed only when half of its time is over.
  let steppedUpAt = Number.NEGATIVE_INFINITY;
  /** Waits until all names are loaded: an ellipsis marks a name that the page still requests. */
  async function named(name: string): Promise<void> {
    await expect.poll(() => page.locator('main').getByText('…', { exact: true }).count(), { timeout: 10_000 }).toBe(0);
    expect.soft(await rawIds(page), `ids instead of names: ${name}`).toEqual([]);
  }
  return {
    async look(name: string): Promise<void> {
      expect.soft(await seat.faults(name)).toEqual([]);
      await named(name);
    },
    async glance(name: string): Promise<void> {
      expect.soft(await seat.faults(name, BOTH_LOOKS)).toEqual([]);
      await named(name);
    },
    async stepUp() {
      if (Date.now() - steppedUpAt < STEP_UP_WITHIN / 2) return;
      const { browser: session, signIn } = owner;
      // The server accepts each code once, and also the code of the next 30 seconds.
      let ahead = 0;
      const give = async () => {
        const epoch = Math.floor(Date.now() / 1000) + ahead;
        ahead = 30 - ahead;
        const totp = await generate({ secret: signIn.totpSecret, epoch });
        return session.call('POST', '/session/step-up', steppedUp, { totp });
      };
      await until(give, 40_000, 1_000);
      steppedUpAt = Date.now();
    },
    heading: (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor(),
    button: (name: string | RegExp) => page.getByRole('button', { name }),
    async dialog(opener: string | RegExp, name: string | RegExp): Promise<void> {
      await page.getByRole('button', { name: opener }).first().click();
      await page.getByRole('dialog', { name }).waitFor();
    },
    async close(): Promise<void> {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    },
  };
}
