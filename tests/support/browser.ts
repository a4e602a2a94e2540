/** The machine's own Chromium, headless, reaching nothing but this machine. */
import { type Browser, chromium } from 'playwright-core';
import { tool } from './tools.ts';

/** For `describe.skipIf(!browser.present)`. */
export const browser = tool('chromium', 'apt install chromium');

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Pages live for seconds here: compiling their scripts a second and third time costs more than it saves.
  '--js-flags=--no-opt --no-maglev',
];

/** The browser of all test files that run in this process. It ends with the process. */
let shared: Promise<Browser> | null = null;

/** `names`: host names that lead to 127.0.0.1 as if their owner's DNS said so. Such a browser is not shared. */
export function openBrowser({ names = [] }: { names?: readonly string[] } = {}): Promise<Browser> {
  if (names.length === 0) {
    shared ??= launch();
    return shared;
  }
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  // Newer versions keep pages of public addresses from this machine by themselves: a server must not rely on its admins' browser.
  return launch([`--host-resolver-rules=${rules}`, '--disable-features=LocalNetworkAccessChecks']);
}

const launch = (args: readonly string[] = []) =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: [...ARGS, ...args] });

/** Closes what a test file opened in its browser, and the browser itself unless other files share it. */
export async function closeBrowser(browser: Browser | undefined): Promise<void> {
  if (browser === undefined) return;
  if (browser !== (await shared)) return browser.close();
  for (const context of browser.contexts()) await context.close();
}
