/**
 * Notices on the desktop of the signed-in user, shown by `notify-send` (org.freedesktop.Notifications). Without a desktop or a signed-in
 * user, the agent shows no notice and makes no receipt.
 */
import { spawn } from 'node:child_process';
import { authorityIn, dateTimeIn, noticeWordsIn, reasonsIn } from '../../shared/order/notice-words/languages.ts';
import { spokenTo } from '../../shared/order/spoken-to.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { DesktopResult } from '../admin-messages/admin-messages.ts';
import type { Notice } from '../enforcement/notice-view.ts';

const PROGRAM = 'notify-send';
/** Milliseconds for the desktop to accept a notice. */
const WITHIN = 10_000;
/** Maximum length of a notice, because desktops truncate longer texts. */
const LONGEST = 900;

/** True when a desktop accepted the notice. */
export function notifyDesktop(notice: Notice, languages: readonly string[]): Promise<boolean> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { title, body } = desktopText(notice, languages, zone);
  return show(title, body);
}

/** Shows a text that is not about an order. True when a desktop accepted the text. */
export function showOnDesktop(title: string, text: string): Promise<boolean> {
  return show(plain(title), escaped(plain(text).slice(0, LONGEST)));
}

/** Shows an admin's message. The desktop shows the beginning of a long message, with the command that shows all of it. */
export async function showAdminMessage(text: string): Promise<DesktopResult> {
  const whole = text.length <= LONGEST;
  const body = whole ? plain(text) : `${plain(text.slice(0, LONGEST - REST.length))}${REST}`;
  if (!(await show('Message from your admin', escaped(body)))) return 'none';
  return whole ? 'whole' : 'part';
}

const REST = ' … Full message: cordon-agent messages';

function show(title: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    // The program runs without a shell, and with `--` before the texts: a text must not be run or read as an option.
    const child = spawn(PROGRAM, ['--app-name=Cordon', '--', title, body], { stdio: 'ignore', timeout: WITHIN });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/**
 * The order's text with reasons, end and appeal contact, in the user's language. Desktops read the body as markup (Desktop Notifications Specification,
 * "Markup"), so all text is escaped.
 */
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
          reasonsIn(words, reasons, areas),
          `${words.from}: ${date(effective)}`,
          `${words.until}: ${until === null ? words.open : date(until)}`,
          `${words.appeal}: ${appeal}`,
        ];
  const spoken = spokenTo(languages, statement);
  const authority = spoken && authorityIn(spoken.tag, authoritative, languages);
  const known = [...(authority ? [authority.text] : []), ...facts].map(plain).filter((line) => line !== '');
  const room = Math.max(0, LONGEST - known.join('\n').length);
  const excerpt = plain((spoken?.text ?? '').slice(0, room));
  return {
    // The order number comes first: after right-to-left letters, its parts would appear in reverse order (UAX #9, W2).
    title: plain(`${order}: ${notice.title}`),
    body: escaped([excerpt, ...known].filter((line) => line !== '').join('\n')),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign);
