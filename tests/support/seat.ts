/** One person at one browser: their page, and whatever on it is not as it should be. */
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { z } from 'zod';
import { sessionCookieName } from '../../shared/api/session.ts';
import type { Person } from './people.ts';

/** Where pictures of the pages go, for whoever wants to look at them; nowhere without it. */
const PICTURES = process.env['CORDON_PICTURES'];
/** How long a page may take, on a machine that does other things as well. */
export const PATIENCE = 20_000;
type Look = readonly [on: 'desk' | 'phone', scheme: 'light' | 'dark'];
export const EVERY_LOOK: readonly Look[] = [
  ['desk', 'light'],
  ['desk', 'dark'],
  ['phone', 'light'],
  ['phone', 'dark'],
];
/** Each width and each scheme once. */
export const BOTH_LOOKS: readonly Look[] = [
  ['desk', 'light'],
  ['phone', 'dark'],
];
export const WINDOWS = { desk: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } };
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, refusals of the content security policy, requests to anywhere else. What is expected is taken out by `expecting`. */
  readonly complaints: string[];
  /** From now on a complaint of this kind is none: a refusal that the test provokes is written to the browser's console too. */
  expecting(kind: RegExp): void;
  goto(path: string): Promise<void>;
  /** Of the whole page, at a desk and in light unless it is said otherwise. */
  picture(name: string, look?: Look): Promise<void>;
  /**
   * What is wrong with the page as it stands, in each of these looks: what axe finds, one line each, and whether the page is wider than the
   * window. A picture of each, if somebody wants them.
   */
  faults(name: string, looks?: readonly Look[]): Promise<string[]>;
}

export interface SeatOptions extends BrowserContextOptions {
  /** Whoever has signed in already. */
  readonly as?: Person;
}

export const textOf = async (there: Locator): Promise<string> => (await there.textContent()) ?? '';

/** Both halves of the person's session, as a browser keeps them. */
function storageOf({ session }: Person, url: string) {
  const { hostname, origin } = new URL(url);
  const cookie = { name: sessionCookieName(false), value: session.cookie, domain: hostname, path: '/', expires: -1 };
  return {
    cookies: [{ ...cookie, httpOnly: true, secure: false, sameSite: 'Strict' as const }],
    origins: [{ origin, localStorage: [{ name: 'cordon-session', value: session.csrf }] }],
  };
}

export async function takeSeat(browser: Browser, url: string, { as, ...options }: SeatOptions = {}): Promise<Seat> {
  const context = await browser.newContext({
    viewport: WINDOWS.desk,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    ...(as && { storageState: storageOf(as, url) }),
    ...options,
  });
  // Below the tests' own, so that what was waited for is said.
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const heard: string[] = [];
  const expected: RegExp[] = [];
  const complain = (text: string) => {
    if (!expected.some((kind) => kind.test(text))) heard.push(text);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complain(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complain(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && origin !== url) complain(`elsewhere: ${request.url()}`);
  });
  const wear = async ([on, colorScheme]: Look) => {
    await page.setViewportSize(WINDOWS[on]);
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    await page.evaluate(ARRIVE);
  };
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective, event.blockedURI))",
  );
  return {
    context,
    page,
    complaints: heard,
    expecting: (kind) => void expected.push(kind),
    goto: async (path) => void (await page.goto(`${url}${path}`)),
    async picture(name, look) {
      if (!PICTURES) return;
      if (look) await wear(look);
      // What stays in sight while one scrolls stands where it begins.
      await page.evaluate('scrollTo(0, 0)');
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      if (look) await wear(['desk', 'light']);
    },
    async faults(name, looks = EVERY_LOOK) {
      const found: string[] = [];
      for (const look of looks) {
        await wear(look);
        const here = [name, ...look].join(', ');
        found.push(...(await faultsOf(page)).map((fault) => `${here}: ${fault}`));
        if (PICTURES) await page.screenshot({ path: join(PICTURES, `${here.replaceAll(/\W+/g, '-')}.png`) });
      }
      await wear(['desk', 'light']);
      return found;
    },
  };
}

/** Colours that are on their way have arrived. */
const ARRIVE =
  'for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish()';
const RUN = `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`;
const axeResults = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      help: z.string(),
      nodes: z.array(z.object({ target: z.array(z.unknown()), html: z.string() })),
    }),
  ),
});

/** Its own wrapper for Playwright takes ten times as long: it reads the library into the page each time, and opens another page to report. */
export async function faultsOf(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(axe.source);
  // From the top: what lies beneath the bar that stays there while a page is scrolled is too small to press only where it happens to lie.
  const scrolled = await page.evaluate<number>('scrollY');
  await page.evaluate('scrollTo(0, 0)');
  const { violations } = axeResults.parse(await page.evaluate(RUN));
  await page.evaluate(`scrollTo(0, ${scrolled})`);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, html }) => `${id}: ${help}: ${target.join(' ')}: ${html.slice(0, 200)}`),
  );
  const wide = await page.evaluate<number>('document.scrollingElement.scrollWidth - innerWidth');
  return wide > 0 ? [...found, `the page is ${wide} px wider than the window`] : found;
}
