import { oneLine } from '../../shared/text/visible-text.ts';
import type { Mail } from './ports.ts';

export type LinkPurpose = 'invitation' | 'reset' | 'verification';

export interface AccountMail {
  readonly purpose: LinkPurpose;
  readonly organization: string;
  readonly to: { readonly name: string; readonly address: string };
  /** Name and e-mail address of the admin who requested the mail. For a verification link, this is the account holder. */
  readonly by: { readonly name: string; readonly email: string };
  readonly link: string;
  readonly expiresAt: number;
}

const DATE = new Intl.DateTimeFormat('en-US', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
  hourCycle: 'h23',
});

export function accountMail({ purpose, organization, to, by, link, expiresAt }: AccountMail): Mail {
  const name = oneLine(organization);
  const admin = `${oneLine(by.name)} (${oneLine(by.email)})`;
  const { subject, why, instruction, unexpected } = MAIL_TEXTS[purpose](name, admin, oneLine(to.address));
  const text = [
    `Hello ${oneLine(to.name)},`,
    why,
    instruction,
    link,
    `The link works once, until ${DATE.format(expiresAt)} UTC.`,
    unexpected,
  ];
  return { to: { name: oneLine(to.name), address: to.address }, subject, text: `${text.join('\n\n')}\n` };
}

interface MailTexts {
  readonly subject: string;
  readonly why: string;
  readonly instruction: string;
  readonly unexpected: string;
}

const DO_NOT_FORWARD = 'Do not forward this mail: anyone with the link can sign in as you.';

const MAIL_TEXTS: Record<LinkPurpose, (organization: string, admin: string, address: string) => MailTexts> = {
  invitation: (organization, admin) => ({
    subject: `${organization}: your Cordon account`,
    why: `${admin} invites you to Cordon, the device management of ${organization}.`,
    instruction: `Open this link to choose your password and to set up an authenticator app. ${DO_NOT_FORWARD}`,
    unexpected: `If you did not expect this invitation, do not open the link. Ask ${admin} about it. Without you, nobody can use the account.`,
  }),
  reset: (organization, admin) => ({
    subject: `${organization}: new password for your Cordon account`,
    why: `${admin} sent you this link, so that you can sign in to Cordon at ${organization} again.`,
    instruction: `Open this link to choose a new password and to set up an authenticator app. Your old password, your sessions and your tokens then end. ${DO_NOT_FORWARD}`,
    unexpected: `If you did not expect this mail, do not open the link. Tell another owner of Cordon at ${organization}. Until you open the link, your password does not change.`,
  }),
  verification: (organization, _admin, address) => ({
    subject: `${organization}: confirm your e-mail address`,
    why: `A Cordon account at ${organization} has the e-mail address ${address}. The account holder asked for this mail.`,
    instruction: 'Sign in to Cordon with this account, then open this link to confirm that the address is yours.',
    unexpected: `If you did not ask for this mail, do not open the link and do not forward it. Tell an owner of Cordon at ${organization} that an account uses your address.`,
  }),
};
