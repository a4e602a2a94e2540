/** Account links: the output for a new link, and the token of a link that the user enters. */
import type { InvitationView } from '../../shared/api/accounts.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { when } from './output.ts';

export function linkLines({ link, mail, expiresAt }: InvitationView, name: string): string[] {
  if (link !== null) return [`Give this link to ${plain(name)}. It works once, until ${when(expiresAt)}:`, link];
  if (mail?.failure !== null) return [];
  return [`Sent to ${plain(mail.to)}. The link works once, until ${when(expiresAt)}.`];
}

/** Throws `mail_failed` if the mail server did not accept the mail with an account link. */
export function requireSent({ mail }: InvitationView, done: string, account: string): void {
  if (mail === null || mail.failure === null) return;
  const remedy = `Send the link again with: cordon accounts invite ${account}`;
  throw new CordonError('mail_failed', `${done}, but the mail to ${mail.to} was not sent. ${mail.failure} ${remedy}`);
}

/** Token of an account link: `http://HOST:8445/#invitation=TOKEN` or `#verify=TOKEN`. Text without a link is the token itself. */
export function readLink(
  link: string,
  server: string,
  kind: 'invitation' | 'verify' = 'invitation',
): { server: string; token: string } {
  const url = URL.parse(link);
  if (!url) return { server, token: link };
  const token = new URLSearchParams(url.hash.slice(1)).get(kind);
  if (!token) {
    const expected = kind === 'invitation' ? 'invitation' : 'verification';
    const detail = `This link contains no ${expected}. Copy the whole link, with everything after the #.`;
    throw new CordonError('invalid_input', detail);
  }
  return { server: url.origin, token };
}
