/**
 * Chromium's headless shell, which connects only to this machine. It renders pages as Chromium does, with a quarter less CPU time, because it
 * has no windows, tabs and dialogs.
 */
import { type Browser, chromium, type Page } from 'playwright-core';
import { tool } from './tools.ts';

/** For `describe.skipIf(!browser.present)`. */
export const browser = tool('chromium-headless-shell', 'apt install chromium-headless-shell');

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Pages live for seconds here. To compile their scripts again and again costs more than it saves.
  '--js-flags=--no-opt --no-maglev',
];

/** The browser of all test files that run in this process. It ends with the process. */
let shared: Promise<Browser> | null = null;

/** `names`: host names that resolve to 127.0.0.1, as if their owner's DNS said so. A browser with such names is not shared. */
export function openBrowser({ names = [] }: { names?: readonly string[] } = {}): Promise<Browser> {
  if (names.length === 0) {
    shared ??= launch();
    return shared;
  }
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  // Newer versions block requests from pages of public addresses to this machine. A server must not rely on its admins' browser version.
  return launch([`--host-resolver-rules=${rules}`, '--disable-features=LocalNetworkAccessChecks']);
}

async function launch(args: readonly string[] = []): Promise<Browser> {
  const launched = await chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell',
    args: [...ARGS, ...args],
  });
  launched.on('context', (context) => context.on('page', repeatNavigations));
  return launched;
}

/** Repeats navigations that Chromium aborts because another test adds or removes a network interface. */
function repeatNavigations(page: Page): void {
  const goto = page.goto.bind(page);
  page.goto = async (...to) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await goto(...to);
      } catch (error) {
        if (attempt === 5 || !String(error).includes('net::ERR_NETWORK_CHANGED')) throw error;
      }
    }
  };
}

/** Closes the pages of a test file, and the browser too if no other files share it. */
export async function closeBrowser(browser: Browser | undefined): Promise<void> {
  if (browser === undefined) return;
  if (browser !== (await shared)) return browser.close();
  for (const context of browser.contexts()) await context.close();
}
