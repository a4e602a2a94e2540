/** Text output of mails on a terminal. `plain` removes control characters from received text. */
import { plain } from '../shared/text/visible-text.ts';
import type { MailItem, MailServiceState, MailView } from './mail/mail.ts';
import type { MailPerson } from './mail/message/parsed-message.ts';

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

export function mailLine(mail: MailServiceState): string {
  switch (mail.state) {
    case 'ready':
      return `ready; your address is ${plain(mail.address)}`;
    case 'no-connector':
      return 'your organization has no mail connector yet; tell your admin';
    case 'no-address':
      return 'your certificate has no e-mail address; ask your admin';
    case 'uncertified':
      return 'not verified yet; your organization must verify this device';
    case 'passcode':
      return 'waits for the passcode of the workspace';
    case 'locked':
      return 'the workspace is locked; your admin can unlock it';
    case 'wiped':
      return 'the workspace is wiped. Ask your admin to unlock the workspace. If an order wiped the workspace, enroll the device again first with a new activation code.';
    case 'denied':
      return `suspended by order ${mail.orders.join(' and order ')}`;
  }
}

const personText = ({ name, address }: MailPerson): string =>
  [name, address === '' ? '' : name === '' ? address : `<${address}>`]
    .filter((part) => part !== '')
    .map(plain)
    .join(' ');

function stateText({ delivery, problem }: MailItem): string {
  if (problem !== null) return plain(problem);
  if (!delivery) return '';
  const { state, denial, detail } = delivery;
  const appeal = denial?.appeal ? `; appeal to: ${plain(denial.appeal)}` : '';
  const order = denial ? ` by order ${denial.order ?? 'unknown'}${appeal}` : '';
  return `(${state}${order}${detail === null ? '' : `: ${plain(detail)}`})`;
}

export const mailListLines = (mails: readonly MailItem[]): string[] =>
  mails.length === 0
    ? ['No mail.']
    : mails.map((mail) => {
        const { id, at, from, to, subject, unread, files, folder } = mail;
        const people = folder === 'inbox' ? (from ? personText(from) : '') : to.map(personText).join(', ');
        const extra = [files > 0 ? `[${files} ${files === 1 ? 'file' : 'files'}]` : '', stateText(mail)];
        return [`${unread ? '*' : ' '} ${id}  ${when(at)}  ${people}: ${plain(subject)}`, ...extra]
          .filter((part) => part !== '')
          .join(' ');
      });

export function mailLines(mail: MailView): string[] {
  const field = (label: string, people: readonly MailPerson[]) =>
    people.length === 0 ? [] : [`${label}: ${people.map(personText).join(', ')}`];
  const state = stateText(mail);
  return [
    ...field('From', mail.from ? [mail.from] : []),
    ...field('To', mail.to),
    ...field('Cc', mail.cc),
    `Date: ${when(mail.at)}`,
    `Subject: ${plain(mail.subject)}`,
    ...(state === '' ? [] : [`State: ${state}`]),
    ...mail.attachments.map(({ name, size }, index) => `File ${index + 1}: ${plain(name)} (${size} bytes)`),
    '',
    ...mail.text.split(/\r?\n/).map(plain),
  ];
}
