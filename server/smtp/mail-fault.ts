/** Explanation of a failed connection to the mail server: the cause and the remedy, without the user name and the password. */
import { oneLine } from '../../shared/text/visible-text.ts';
import type { MailServer } from '../config-values.ts';
import { inUrl } from '../console-link.ts';

export interface MailFault {
  readonly message: string;
  readonly code?: string;
  readonly originalCode?: string;
  readonly response?: string;
  readonly command?: string;
}

const LONGEST_RESPONSE = 200;

export const concernsRecipient = ({ command }: MailFault): boolean => command === 'RCPT TO';

/** Explanations by error code. `{where}`: host and port. `{said}`: the mail server's response or the library's message. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'The mail server {where} refused the connection. Check that the mail server runs there, and CORDON_MAIL_URL.',
  ECONNRESET:
    'The mail server {where} ended the connection. Check that a mail server listens there, and CORDON_MAIL_URL.',
  ECONNECTION:
    'The mail server {where} ended the connection ({said}). Check that a mail server listens there, and CORDON_MAIL_URL.',
  EHOSTUNREACH: 'There is no route to the mail server {where}. Check the network and CORDON_MAIL_URL.',
  EDNS: 'The host of the mail server {where} has no address in DNS. Check the network and CORDON_MAIL_URL.',
  ETIMEDOUT: 'The mail server {where} did not respond in time. Check the network, the firewall and CORDON_MAIL_URL.',
  ETLS: 'TLS with the mail server {where} failed ({said}). The mail server needs a valid certificate for this name. For a private authority, set NODE_EXTRA_CA_CERTS.',
  EAUTH: 'The mail server {where} refused the user and the password ({said}). Correct them in CORDON_MAIL_URL.',
  EPROTOCOL:
    'The mail server {where} sent a response that is not SMTP ({said}). Check CORDON_MAIL_URL. Use smtps:// only for TLS from the start.',
  'RCPT TO': 'The mail server {where} refused the recipient ({said}). Check the e-mail address of the account.',
  'MAIL FROM': 'The mail server {where} refused the sender ({said}). Correct CORDON_MAIL_FROM.',
};
const OTHER = 'The mail server {where} did not accept the mail ({said}). Look at the log of the mail server.';

/**
 * Returns the key of the explanation in `TEXTS` for an error of Node or of the library nodemailer, because several error codes share one
 * explanation.
 */
function kindOf({ code = '', originalCode = '', command = '', message }: MailFault): string {
  if (code === 'EENVELOPE') return command;
  if (code === 'EABORT' || code === 'ABORT_ERR') return 'ETIMEDOUT';
  if (command === 'STARTTLS' || /^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(originalCode)) {
    return 'ETLS';
  }
  if (/certificate|SSL routines|TLS/i.test(message) && code === 'ESOCKET') return 'ETLS';
  if (originalCode === 'ENOTFOUND' || originalCode === 'EAI_AGAIN') return 'EDNS';
  return Object.hasOwn(TEXTS, originalCode) ? originalCode : code;
}

export function mailFaultText(fault: MailFault, { host, port }: Pick<MailServer, 'host' | 'port'>): string {
  const message = oneLine(fault.response ?? fault.message)
    .trim()
    .replace(/[.\s]+$/, '')
    .slice(0, LONGEST_RESPONSE);
  const values: Record<string, string> = { where: `${inUrl(host)}:${port}`, said: message };
  return (TEXTS[kindOf(fault)] ?? OTHER).replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
