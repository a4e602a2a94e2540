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
];

/** `names`: host names that lead to 127.0.0.1 as if their owner's DNS said so. */
export function openBrowser({ names = [] }: { names?: readonly string[] } = {}): Promise<Browser> {
  const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  // Newer versions keep pages of public addresses from this machine by themselves: a server must not rely on its admins' browser.
  const mapped = [`--host-resolver-rules=${rules}`, '--disable-features=LocalNetworkAccessChecks'];
  const args = rules === '' ? ARGS : [...ARGS, ...mapped];
  return chromium.launch({ executablePath: '/usr/bin/chromium', args });
}
