/**
 * Notices on the desktop, displayed by `notify-send` (org.freedesktop.Notifications). Without a desktop or a signed-in user, the agent
 * displays nothing and makes no receipt.
 */
import { spawn } from 'node:child_process';
import { localizedText } from '../../shared/order/localized-text.ts';
import { authorityIn, dateTimeIn, noticeWordsIn, reasonsIn } from '../../shared/order/notice-words/languages.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { DesktopResult } from '../admin-messages/admin-messages.ts';
import type { Notice } from '../enforcement/notice-view.ts';

const PROGRAM = 'notify-send';
/** Milliseconds in which the desktop must accept a notice. */
const WITHIN = 10_000;
/** Maximum length of a notice in characters. Desktops truncate longer texts. */
const LONGEST = 900;

export function notifyDesktop(notice: Notice, languages: readonly string[]): Promise<boolean> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { title, body } = desktopText(notice, languages, zone);
  return show(title, body);
}

/** Displays a text that does not concern an order. Returns true when a desktop accepted the text. */
export function showOnDesktop(title: string, text: string): Promise<boolean> {
  return show(plain(title), escaped(plain(text).slice(0, LONGEST)));
}

/** Displays an admin's message. For a long message, the desktop shows the beginning and names the command that prints the whole text. */
export async function showAdminMessage(text: string): Promise<DesktopResult> {
  const isComplete = text.length <= LONGEST;
  const body = isComplete ? plain(text) : `${plain(text.slice(0, LONGEST - REST.length))}${REST}`;
  if (!(await show('Message from your admin', escaped(body)))) return 'none';
  return isComplete ? 'whole' : 'part';
}

const REST = ' … Full message: cordon-agent messages';

function show(title: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    // A notice's text must never run as a command or count as an option. `notify-send` therefore runs without a shell, with `--` before the
    // texts.
    const child = spawn(PROGRAM, ['--app-name=Cordon', '--', title, body], { stdio: 'ignore', timeout: WITHIN });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** The text is escaped, because desktops interpret a notice's body as markup (Desktop Notifications Specification, "Markup"). */
export function desktopText(
  notice: Notice,
  languages: readonly string[],
  zone: string,
): { readonly title: string; readonly body: string } {
  const { order, status, reasons, areas, effective, until, appeal, statement, authoritative } = notice;
  const words = noticeWordsIn(languages);
  const date = (instant: number) => dateTimeIn(words, instant, zone);
  const facts =
    status === 'withdrawn' || status === 'ended'
      ? [words[status]]
      : [
          reasonsIn(words, reasons, areas, 'denied'),
          `${words.from}: ${date(effective)}`,
          `${words.until}: ${until === null ? words.open : date(until)}`,
          `${words.appeal}: ${appeal}`,
        ];
  const chosen = localizedText(languages, statement);
  const authority = chosen && authorityIn(chosen.tag, authoritative, languages);
  const known = [...(authority ? [authority.text] : []), ...facts].map(plain).filter((line) => line !== '');
  const room = Math.max(0, LONGEST - known.join('\n').length);
  const excerpt = plain((chosen?.text ?? '').slice(0, room));
  return {
    // The order number stands at the start of the line. After right-to-left letters, its parts would appear in reverse order (UAX #9, W2).
    title: plain(`${order}: ${notice.title}`),
    body: escaped([excerpt, ...known].filter((line) => line !== '').join('\n')),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign);
