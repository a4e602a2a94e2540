/** A person's browser with one page, and checks of the page: accessibility, errors of scripts, and requests to other servers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { sessionCookieName } from '../../shared/api/session.ts';
import type { Person } from './people.ts';

/** Folder for pictures of the pages. Without it, no pictures are saved. */
const PICTURES = process.env['CORDON_PICTURES'];
/** Time limit of a step on a page, on a busy machine. */
export const PATIENCE = 20_000;
type Width = 'desk' | 'phone';
type Scheme = 'light' | 'dark';
/** Window, color scheme and rules of one check. `colors`: only the rules whose result depends on the color scheme. */
type Look = readonly [on: Width, scheme: Scheme, rules: 'all' | 'colors'];
/**
 * Each width and each color scheme once with all rules. `npm run test:faults` also checks the colors of the wide, dark page. A run that
 * saves pictures includes this look too.
 */
export const EVERY_LOOK: readonly Look[] = [
  ['desk', 'light', 'all'],
  ...(PICTURES || process.env['CORDON_FAULTS'] ? ([['desk', 'dark', 'colors']] as const) : []),
  ['phone', 'dark', 'all'],
];
/** Each width and each scheme once, for a dialog or for a page that differs little from a checked page. */
export const BOTH_LOOKS: readonly Look[] = [
  ['desk', 'light', 'colors'],
  ['phone', 'dark', 'all'],
];
export const WINDOWS = { desk: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } };
/** The minified file loads in half the time of the package's `source` export with comments. */
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
/** Rules whose results differ between light and dark. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block'];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /**
   * Errors of scripts, violations of the content security policy, and requests to other servers. `expecting` removes expected complaints.
   */
  readonly complaints: string[];
  /** Ignores later complaints of this kind. Browsers log refused requests to their console, also if a test provokes them. */
  expecting(kind: RegExp): void;
  goto(path: string): Promise<void>;
  /** Saves a picture of the whole page. Default: at a desktop's width, in light. */
  picture(name: string, look?: readonly [on: Width, scheme: Scheme]): Promise<void>;
  /**
   * Faults of the page in each of these looks: one line for each finding of axe, and one if the page is wider than the window. Saves a
   * picture of each look if a folder for pictures is given.
   */
  faults(name: string, looks?: readonly Look[]): Promise<string[]>;
}

export interface SeatOptions extends BrowserContextOptions {
  /** Person who is signed in already. Default: nobody. */
  readonly as?: Person;
}

export const textOf = async (there: Locator): Promise<string> => (await there.textContent()) ?? '';

/** Both parts of the person's session, as a browser stores them. */
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
  // This limit is below that of the tests, so that the error names the element that was missing.
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const heard: string[] = [];
  // Chromium aborts its requests when another test adds or removes a network interface. The pages repeat them.
  const expected: RegExp[] = [/net::ERR_NETWORK_CHANGED/];
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
    // Both at the same time, so that the browser computes the styles once.
    await Promise.all([page.setViewportSize(WINDOWS[on]), page.emulateMedia({ colorScheme })]);
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
      // A sticky element appears where the page is scrolled to, so the picture begins at the top.
      await page.evaluate('scrollTo(0, 0)');
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      if (look) await wear('desk', 'light');
    },
    async faults(name, looks = EVERY_LOOK) {
      const found: string[] = [];
      // A navigation ends before React has drawn the page, and an empty page has neither of the two.
      await page.locator('main').first().waitFor({ state: 'attached' });
      await page.locator('h1').first().waitFor({ state: 'attached' });
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
 * Code for a check by axe. It finishes transitions, so that colors are final, and scrolls the page and its dialogs to the top: an element
 * under a sticky bar or header would count as too small. Without `noHtml`, axe reads the HTML of each passed element.
 *
 * While a modal dialog is open, its overlay covers the page. Axe cannot determine the contrast of covered text, and the page was checked
 * before the dialog opened, so axe checks the contrast only of what is outside the page's root.
 */
const checkWith = (runOnly: object) => `(async () => {
  for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
  const scrolled = scrollY;
  const dialogs = [...document.querySelectorAll('[role="dialog"]')].map((dialog) => [dialog, dialog.scrollTop]);
  scrollTo(0, 0);
  for (const [dialog] of dialogs) dialog.scrollTop = 0;
  const isCovered = document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
  axe.configure({ noHtml: true, rules: [{ id: 'color-contrast', selector: isCovered ? 'body > :not(#root) *' : '*' }] });
  const { violations } = await axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] });
  scrollTo(0, scrolled);
  for (const [dialog, top] of dialogs) dialog.scrollTop = top;
  const htmlOf = (selector) => document.querySelector(selector)?.outerHTML.slice(0, 200);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target }) => [id, help, target.join(' '), htmlOf(target.at(-1))].join(': ')));
  const wide = document.scrollingElement.scrollWidth - innerWidth;
  return wide > 0 ? [...found, 'the page is ' + wide + ' px wider than the window'] : found;
})()`;
const CHECKS = { all: checkWith(RULES), colors: checkWith({ type: 'rule', values: COLOR_RULES }) };

/**
 * Runs axe on the page. Axe's wrapper for Playwright takes ten times as long, because it loads the library each time and opens a second
 * page.
 */
export async function faultsOf(page: Page, rules: keyof typeof CHECKS = 'all'): Promise<string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(AXE);
  return page.evaluate<string[]>(CHECKS[rules]);
}
