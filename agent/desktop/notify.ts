/**
 * Notices of orders on the desktop, where there is one: by `notify-send`, which speaks to org.freedesktop.Notifications for whoever is signed in. On a
 * machine without it, or without anybody there, nothing is shown, and nothing says that it was.
 */
import { spawn } from 'node:child_process';
import { dateTimeIn, noticeWordsIn, reasonsIn } from '../../shared/order/notice-words/notice-words.ts';
import { spokenTo } from '../../shared/order/spoken-to.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Notice } from '../enforcement/notices.ts';

const PROGRAM = 'notify-send';
/** A desktop that does not answer by then shows nothing. */
const WITHIN = 10_000;
/** Longer ones are cut by desktops, each in its own way. */
const LONGEST = 900;

/** True when a desktop has taken it to be shown. */
export function notifyDesktop(notice: Notice, languages: readonly string[]): Promise<boolean> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { title, body } = desktopText(notice, languages, zone);
  return show(title, body);
}

/** A text that is not about an order. True when a desktop took the text. */
export function showOnDesktop(title: string, text: string): Promise<boolean> {
  return show(plain(title), escaped(plain(text).slice(0, LONGEST)));
}

function show(title: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    // No shell, and nothing that could be taken for a flag.
    const child = spawn(PROGRAM, ['--app-name=Cordon', '--', title, body], { stdio: 'ignore', timeout: WITHIN });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/**
 * What the order says, and around it why, until when and whom to appeal to, in the reader's language. The body is markup to a desktop (Desktop
 * Notifications Specification, "Markup"), and people's words are none.
 */
export function desktopText(
  notice: Notice,
  languages: readonly string[],
  zone: string,
): { readonly title: string; readonly body: string } {
  const { order, status, reasons, areas, effective, until, appeal, statement } = notice;
  const words = noticeWordsIn(languages);
  const date = (instant: number) => dateTimeIn(words, instant, zone);
  const facts =
    status === 'withdrawn' || status === 'ended'
      ? [words[status]]
      : [
          reasonsIn(words, reasons, areas),
          `${words.from}: ${date(effective)}`,
          `${words.until}: ${until === null ? words.open : date(until)}`,
          `${words.appeal}: ${appeal}`,
        ];
  const known = facts.map(plain).filter((line) => line !== '');
  const room = Math.max(0, LONGEST - known.join('\n').length);
  const said = plain((spokenTo(languages, statement)?.text ?? '').slice(0, room));
  return {
    // The number first: behind letters that run from right to left it would be read the other way round (UAX #9, W2).
    title: plain(`${order}: ${notice.title}`),
    body: escaped([said, ...known].filter((line) => line !== '').join('\n')),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign);
