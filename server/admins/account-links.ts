/**
 * Links for account holders: invitations, credential reset links and verification links. With a mail server, Cordon mails the link, and the
 * admin who created it does not see it. Without a mail server, the admin sees the link.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { type AccountId, randomBase32 } from '../../shared/protocol/ids.ts';
import { RateLimiterMemory } from '../rate-limiters.ts';
import { accountMail, type LinkPurpose } from './account-mail.ts';
import type { Admins } from './admins.ts';
import type { Account, Mailer, VerificationStore } from './ports.ts';
import type { Grant } from './roles.ts';
import { sha256 } from './secrets.ts';

const HOUR = 3_600_000;
export const VERIFICATION_LASTS = 24 * HOUR;
const MAILS_AN_HOUR = 6;

export interface LinkMail extends Mailer {
  readonly organization: string;
  readonly verificationLink: (token: string) => string;
}

export interface LinkDelivery {
  readonly shown: { readonly token: string; readonly link: string } | null;
  /**
   * Result of mailing an account link; null without a mail server. `failure`: the mail server's reason for a refusal, or null. A refused
   * mail makes the link void, so the admin must send a new link.
   */
  readonly mail: { readonly to: string; readonly failure: string | null } | null;
  /** Expiry of the account link in Unix milliseconds, by the system clock. */
  readonly expiresAt: number;
}

interface NewLink {
  readonly invitation: string;
  readonly expiresAt: number;
}

type MailedLink = LinkDelivery & { readonly mail: NonNullable<LinkDelivery['mail']> };

export type AccountLinks = ReturnType<typeof createAccountLinks>;

export function createAccountLinks(ports: {
  readonly admins: Pick<Admins, 'createAccount' | 'createAccountLink' | 'account'>;
  readonly verifications: VerificationStore;
  readonly invitationLink: (token: string) => string;
  readonly mail: LinkMail | null;
  readonly changed: () => void;
  readonly now?: () => number;
}) {
  const { admins, verifications, mail, changed } = ports;
  const now = ports.now ?? Date.now;
  const limit = new RateLimiterMemory({ points: MAILS_AN_HOUR, duration: HOUR / 1000 });
  const mailed = mail !== null;

  const deliver = (
    account: Account,
    by: Account,
    purpose: LinkPurpose,
    made: NewLink,
  ): Promise<LinkDelivery> | LinkDelivery => {
    const { invitation: token, expiresAt } = made;
    const link = ports.invitationLink(token);
    if (mail) return mailLink(mail, account, by, { purpose, link, expiresAt });
    return { shown: { token, link }, mail: null, expiresAt };
  };

  return {
    mailed,

    /**
     * Creates an account and its invitation. If mailing the invitation fails, the account still exists, and the admin can send a new
     * invitation.
     */
    async create(
      draft: { readonly email: string; readonly name: string; readonly grants: readonly Grant[] },
      by: Account,
    ): Promise<LinkDelivery & { readonly account: Account }> {
      const created = await admins.createAccount(draft.email, draft.name, draft.grants, by.id, { mailed });
      if (mailed) await limit.consume(created.account.id);
      return { account: created.account, ...(await deliver(created.account, by, 'invitation', created)) };
    },

    /**
     * Creates an invitation for an account without credentials, otherwise a credential reset link. Earlier links of the account become
     * void.
     */
    async createAccountLink(id: AccountId, by: Account): Promise<LinkDelivery> {
      const account = await admins.account(id);
      if (mailed) await requireMailAllowed(limit, id);
      const created = await admins.createAccountLink(id, by.id, { mailed });
      return deliver(account, by, account.ready ? 'reset' : 'invitation', created);
    },

    /**
     * Mails the caller a link that verifies the e-mail address of the caller's account. Throws `mail_not_configured` without a mail server,
     * `conflict` for a verified address, and `rate_limited` after too many mails.
     */
    async sendVerification(account: Account): Promise<MailedLink> {
      if (!mail) throw noMail();
      if (account.emailVerifiedAt !== null) {
        throw new CordonError('conflict', `The address ${account.email} is already verified. Nothing was changed.`);
      }
      await requireMailAllowed(limit, account.id);
      const token = randomBase32(32);
      const expiresAt = now() + VERIFICATION_LASTS;
      const { id, email } = account;
      await verifications.openVerification({ account: id, hash: sha256(token), email, expiresAt });
      return mailLink(mail, account, account, {
        purpose: 'verification',
        link: mail.verificationLink(token),
        expiresAt,
      });
    },

    /**
     * Verifies the e-mail address of the caller's account with the token from a mailed link. Only this account can use the link, so a
     * person who only reads the mailbox cannot verify the address. Throws `verification_invalid` for an invalid link.
     */
    async verifyAddress(account: AccountId, token: string): Promise<Account> {
      if (!(await verifications.verifyAddress(account, sha256(token), now()))) {
        throw new CordonError(
          'verification_invalid',
          'This link is used, expired, replaced by a newer one or for another account. Sign in with the account of the mail, or send another verification link.',
        );
      }
      changed();
      return admins.account(account);
    },
  };
}

async function mailLink(
  mail: LinkMail,
  account: Account,
  by: Account,
  { purpose, link, expiresAt }: { readonly purpose: LinkPurpose; readonly link: string; readonly expiresAt: number },
): Promise<MailedLink> {
  const { email: address, name } = account;
  const { organization } = mail;
  try {
    await mail.send(accountMail({ purpose, organization, to: { name, address }, by, link, expiresAt }));
    return { shown: null, mail: { to: address, failure: null }, expiresAt };
  } catch (error) {
    if (!isCordonError(error, 'mail_failed')) throw error;
    return { shown: null, mail: { to: address, failure: error.message }, expiresAt };
  }
}

/**
 * Throws `rate_limited` after too many mails to the account. Call this before creating a link, because a new link replaces the earlier
 * link.
 */
async function requireMailAllowed(limit: RateLimiterMemory, account: AccountId): Promise<void> {
  try {
    await limit.consume(account);
  } catch (refused) {
    if (refused instanceof Error) throw refused;
    throw new CordonError(
      'rate_limited',
      `This account got ${MAILS_AN_HOUR} mails within an hour. Look for them in the mailbox, or try again in an hour.`,
    );
  }
}

const noMail = () =>
  new CordonError(
    'mail_not_configured',
    'This server sends no mail, so no address can be verified. Set CORDON_MAIL_URL and CORDON_MAIL_FROM on the server.',
  );
