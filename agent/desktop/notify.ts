/**
 * Notices of orders on the desktop, where there is one: by `notify-send`, which speaks to org.freedesktop.Notifications for whoever is signed in. On a
 * machine without it, or without anybody there, nothing is shown, and nothing says that it was.
 */
import { spawn } from 'node:child_process';
import { type Spoken, spokenTo } from '../../shared/order/spoken-to.ts';
import type { Notice } from '../enforcement/notices.ts';
import { plain } from '../terminal-text.ts';

const PROGRAM = 'notify-send';
/** A desktop that does not answer by then shows nothing. */
const WITHIN = 10_000;
/** Longer ones are cut by desktops, each in its own way. */
const LONGEST = 600;

/** True when a desktop has taken it to be shown. */
export function notifyDesktop(notice: Notice, languages: readonly string[]): Promise<boolean> {
  const { title, body } = desktopText(notice, spokenTo(languages, notice.statement));
  return new Promise((resolve) => {
    // No shell, and nothing that could be taken for a flag.
    const child = spawn(PROGRAM, ['--app-name=Cordon', '--', title, body], { stdio: 'ignore', timeout: WITHIN });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** In the words of the order; the body is markup to a desktop (Desktop Notifications Specification, "Markup"), and people's words are none. */
export function desktopText(notice: Notice, words: Spoken | null): { readonly title: string; readonly body: string } {
  const { order, effective, appeal } = notice;
  const title = plain(`${order}: ${notice.title}`);
  const when = notice.status === 'withdrawn' ? [] : [new Date(effective).toISOString().slice(0, 16).replace('T', ' ')];
  const lines = [words?.text ?? '', ...when.map((at) => `${at} UTC`), appeal].map(plain).filter((line) => line !== '');
  return { title, body: escaped(lines.join('\n').slice(0, LONGEST)) };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign);
