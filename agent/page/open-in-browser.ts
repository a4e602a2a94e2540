/**
 * Opens a link in the browser of whoever runs the command line. What a process was started with is everybody's to read on most systems, and the
 * link has a ticket in it: the browser is given a file that only its owner may read, and that leads there.
 */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What opens a file with the program that is meant for it. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
const ELSEWHERE = ['xdg-open'] as const;
/** Some of them stay for as long as the browser does. */
const LONG_ENOUGH = 5_000;

/** False when there is no browser to be had. After a minute the file is worth nothing; the next link takes its place. */
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
