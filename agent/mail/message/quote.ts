/** Recipients, subject and quoted text of an answer or a forwarded mail. */
import type { MailPerson, ParsedMessage } from './parsed-message.ts';

const LONGEST_QUOTE = 100_000;

export function answerFields(
  mail: ParsedMessage,
  { own, toAll }: { readonly own: string; readonly toAll: boolean },
): { readonly to: string; readonly cc: string; readonly subject: string; readonly text: string } {
  const { from, replyTo, to, cc, date, subject } = mail;
  const isOwn = ({ address }: MailPerson) => address.toLowerCase() === own.toLowerCase();
  // The user answers an own mail, so the answer goes to the recipients of that mail.
  const answered = from && isOwn(from) ? to : replyTo.length > 0 ? replyTo : from ? [from] : [];
  const others = toAll ? [...to, ...cc].filter((person) => !isOwn(person) && !includes(answered, person)) : [];
  const author = from ? from.name || from.address : 'An unknown sender';
  const when = date === null ? '' : ` on ${dateText(date)}`;
  const quoted = quote(mail.text)
    .split('\n')
    .map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()));
  return {
    to: fieldOf(answered),
    cc: fieldOf(unique(others)),
    subject: prefixed('Re', subject),
    text: `\n\n${author} wrote${when}:\n${quoted.join('\n')}\n`,
  };
}

export function forwardFields(mail: ParsedMessage): { readonly subject: string; readonly text: string } {
  const { from, to, cc, date, subject } = mail;
  const head = [
    `From: ${fieldOf(from ? [from] : [])}`,
    ...(date === null ? [] : [`Date: ${dateText(date)}`]),
    `Subject: ${subject}`,
    `To: ${fieldOf(to)}`,
    ...(cc.length > 0 ? [`Cc: ${fieldOf(cc)}`] : []),
  ];
  const text = `\n\n---------- Forwarded mail ----------\n${head.join('\n')}\n\n${quote(mail.text)}\n`;
  return { subject: prefixed('Fwd', subject), text };
}

/** Addresses as text in the form in which users type them. */
export const fieldOf = (people: readonly MailPerson[]): string =>
  people.map(({ name, address }) => (name === '' ? address : `${quotedName(name)} <${address}>`)).join(', ');

const quotedName = (name: string): string =>
  /^[\p{L}\p{N} .'-]+$/u.test(name) ? name : `"${name.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;

const quote = (text: string): string => text.replaceAll('\r\n', '\n').trim().slice(0, LONGEST_QUOTE);

const prefixed = (prefix: string, subject: string): string =>
  new RegExp(`^${prefix}:`, 'i').test(subject) ? subject : `${prefix}: ${subject}`.trim();

const dateText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const same = (one: MailPerson, other: MailPerson) => one.address.toLowerCase() === other.address.toLowerCase();
const includes = (people: readonly MailPerson[], person: MailPerson) => people.some((each) => same(each, person));
const unique = (people: readonly MailPerson[]) =>
  people.filter((person, index) => people.findIndex((each) => same(each, person)) === index);
