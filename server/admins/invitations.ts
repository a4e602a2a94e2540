import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { newAccount, newInvitation, resetEntry, roleEntry } from './new-account.ts';
import { hashPassword } from './passwords.ts';
import type { Account, InvitationStore, RaiseAlert, Sealer } from './ports.ts';
import type { Grant } from './roles.ts';
import { sha256 } from './secrets.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import { newTotpSecret, totpUri } from './totp.ts';

export interface Redeemed {
  readonly account: Account;
  /** TOTP secret in base32, shown once. */
  readonly totpSecret: string;
  readonly totpUri: string;
}

export function createInvitations(ports: {
  readonly invitations: InvitationStore;
  readonly sealer: Sealer;
  readonly limits: SignInLimits;
  /** Domain clock for the field `at` of ledger entries. All other times of an invitation are real time. */
  readonly clock: Clock;
  readonly bus: Bus;
  /** Name of the installation in authenticator apps. */
  readonly organization: string;
  readonly alert: RaiseAlert;
  readonly now: () => number;
}) {
  const { invitations, sealer, limits, clock, bus, organization, alert, now } = ports;

  async function newCredentials(password: string, address: string) {
    const secret = newTotpSecret();
    const passwordHash = await limits.hash(sourceNetwork(address), () => hashPassword(password));
    return { secret, credentials: { passwordHash, totpSealed: sealer.seal(Buffer.from(secret)) } };
  }

  return {
    /** Token of the first owner's invitation link, which replaces an earlier token. Null if an account exists. */
    async firstOwnerInvitation(): Promise<string | null> {
      const { token, stored } = newInvitation(now());
      return (await invitations.inviteFirstOwner(stored)) ? token : null;
    },

    /**
     * Sets a password and a new TOTP secret. The first owner gives `email` and `name`; the account of an invited admin already has them.
     * Throws `invitation_invalid` for an unknown, used or expired token. The error does not say which of the three applies.
     */
    async redeemInvitation(given: {
      readonly token: string;
      readonly password: string;
      readonly email?: string | undefined;
      readonly name?: string | undefined;
      readonly address: string;
    }): Promise<Redeemed> {
      const hash = sha256(given.token);
      // An invitation token has 256 bits and cannot be guessed. The server therefore computes no slow password hash for a wrong token.
      if (!(await invitations.hasInvitation(hash, now()))) throw invalidInvitation(given.email);
      const { secret, credentials } = await newCredentials(given.password, given.address);
      const redeemed = await invitations.redeem(hash, now(), credentials, (id) =>
        resetEntry('credentials.reset', clock.now(), id),
      );
      let account = redeemed?.account ?? null;
      if (!account && given.email !== undefined) {
        const first = newAccount(given.email, given.name ?? given.email, now());
        const owner: Grant = { role: 'owner', group: null, area: null };
        account = await invitations.redeemFirstOwner(
          hash,
          now(),
          first,
          credentials,
          roleEntry('role.granted', clock.now(), first.id, owner),
        );
      }
      if (!account) throw invalidInvitation(given.email);
      bus.publish({ kind: 'accounts' });
      if (redeemed?.reset) {
        await alert(
          'credential_reset',
          `The password and the second factor of ${account.email} (${account.id}) were reset from ${given.address}. The account's sessions and tokens have ended.`,
        );
      }
      return { account, totpSecret: secret, totpUri: totpUri(organization, account.email, secret) };
    },
  };
}

function invalidInvitation(email: string | undefined): CordonError {
  const mend = email === undefined ? ' The first owner must also give an e-mail address.' : '';
  return new CordonError(
    'invitation_invalid',
    `This invitation is unknown, used or expired. Ask for a new one.${mend}`,
  );
}
