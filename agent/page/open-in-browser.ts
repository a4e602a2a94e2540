/**
 * Opens a link in the user's browser. The link contains a ticket, and other users of the machine can read the arguments of a process. The
 * browser therefore opens a file that redirects to the link and that only its owner can read.
 */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
const ELSEWHERE = ['xdg-open'] as const;
/**
 * Milliseconds to wait for a failure when the browser starts. Afterward, the start counts as successful, because some opener programs run
 * as long as the browser.
 */
const LONG_ENOUGH = 5_000;

/**
 * Opens a link in the browser through a file in `folder`. Returns false if no browser starts. The file is not deleted afterward: the ticket
 * in its link expires after a minute, and the next link replaces the file.
 */
export function openInBrowser(folder: string, link: string): Promise<boolean> {
  const file = join(folder, 'open.html');
  rmSync(file, { force: true });
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>Messages</title><meta http-equiv="refresh" content="0;url=${link}">\n`,
    { mode: 0o600, flag: 'wx' },
  );
  const [program, ...args] = OPENERS[process.platform] ?? ELSEWHERE;
  return new Promise((resolve) => {
    const opener = spawn(program, [...args, file], { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => resolve(true), LONG_ENOUGH);
    const ended = (opened: boolean) => {
      clearTimeout(timer);
      resolve(opened);
    };
    opener.once('error', () => ended(false)).once('exit', (code) => ended(code === 0));
    opener.unref();
  });
}
