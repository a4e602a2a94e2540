/** One person at one browser: their page, and whatever on it is not as it should be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { sessionCookieName } from '../../shared/api/session.ts';
import type { Person } from './people.ts';

/** Where pictures of the pages go, for whoever wants to look at them; nowhere without it. */
const PICTURES = process.env['CORDON_PICTURES'];
/** How long a page may take, on a machine that does other things as well. */
export const PATIENCE = 20_000;
type Width = 'desk' | 'phone';
type Scheme = 'light' | 'dark';
/** `colors`: only the rules whose result depends on the color scheme. */
type Look = readonly [on: Width, scheme: Scheme, rules: 'all' | 'colors'];
/** Each element is checked in both schemes at the width at which it is seen first. */
export const EVERY_LOOK: readonly Look[] = [
  ['desk', 'light', 'all'],
  ['desk', 'dark', 'colors'],
  ['phone', 'dark', 'all'],
];
/** For a dialog, or a page that differs little from one that was checked in every look: each width and each scheme once. */
export const BOTH_LOOKS: readonly Look[] = [
  ['desk', 'light', 'colors'],
  ['phone', 'dark', 'all'],
];
export const WINDOWS = { desk: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } };
/** A page takes half as long to load this file as the one with comments, which the package exports as `source`. */
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
/** Only colors differ between light and dark. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block'];
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
  picture(name: string, look?: readonly [on: Width, scheme: Scheme]): Promise<void>;
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
  const wear = async (on: Width, colorScheme: Scheme) => {
    await page.setViewportSize(WINDOWS[on]);
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
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
      if (look) await wear(...look);
      // What stays in sight while one scrolls stands where it begins.
      await page.evaluate('scrollTo(0, 0)');
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      if (look) await wear('desk', 'light');
    },
    async faults(name, looks = EVERY_LOOK) {
      const found: string[] = [];
      for (const [on, scheme, rules] of looks) {
        await wear(on, scheme);
        const here = [name, on, scheme].join(', ');
        found.push(...(await faultsOf(page, rules)).map((fault) => `${here}: ${fault}`));
        if (PICTURES) await page.screenshot({ path: join(PICTURES, `${here.replaceAll(/\W+/g, '-')}.png`) });
      }
      await wear('desk', 'light');
      return found;
    },
  };
}

/**
 * Finishes transitions, so that colors are final, and checks from the top of the page: an element under the bar at the top would count as too
 * small. Without `noHtml` axe reads the HTML of each element that passes.
 */
const checkWith = (runOnly: object) => `(async () => {
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
  const scrolled = scrollY;
  scrollTo(0, 0);
  axe.configure({ noHtml: true });
  const { violations } = await axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] });
  scrollTo(0, scrolled);
  const htmlOf = (selector) => document.querySelector(selector)?.outerHTML.slice(0, 200);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target }) => [id, help, target.join(' '), htmlOf(target.at(-1))].join(': ')));
  const wide = document.scrollingElement.scrollWidth - innerWidth;
  return wide > 0 ? [...found, 'the page is ' + wide + ' px wider than the window'] : found;
})()`;
const CHECKS = { all: checkWith(RULES), colors: checkWith({ type: 'rule', values: COLOR_RULES }) };

/** Axe's own wrapper for Playwright takes ten times as long: it reads the library into the page each time, and opens another page to report. */
export async function faultsOf(page: Page, rules: keyof typeof CHECKS = 'all'): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(AXE);
  return page.evaluate<string[]>(CHECKS[rules]);
}
