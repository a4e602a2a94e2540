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
  /** TOTP secret in base32. The server returns it only once. */
  readonly totpSecret: string;
  readonly totpUri: string;
}

export function createInvitations(ports: {
  readonly invitations: InvitationStore;
  readonly sealer: Sealer;
  readonly limits: SignInLimits;
  /**
   * Clock for the field `at` of ledger entries, which the demo can advance. All other times of an invitation come from the system clock.
   */
  readonly clock: Clock;
  readonly bus: Bus;
  readonly organization: string;
  readonly alert: RaiseAlert;
  readonly now: () => number;
}) {
  const { invitations, sealer, limits, clock, bus, organization, alert, now } = ports;

  async function newCredentials(password: string, address: string) {
    const secret = await newTotpSecret();
    const passwordHash = await limits.hash(sourceNetwork(address), () => hashPassword(password));
    return { secret, credentials: { passwordHash, totpSealed: sealer.seal(Buffer.from(secret)) } };
  }

  return {
    /** Returns a new token for the first owner's invitation link. An earlier token becomes void. Returns null if an account exists. */
    async firstOwnerInvitation(): Promise<string | null> {
      const { token, stored } = newInvitation(now());
      return (await invitations.inviteFirstOwner(stored)) ? token : null;
    },

    /**
     * Sets a password and creates a new TOTP secret. Only the first owner gives `email` and `name`, because the account of an invited admin
     * already has them. Throws `invitation_invalid` for an unknown, used or expired token, always with the same text.
     */
    async redeemInvitation(request: {
      readonly token: string;
      readonly password: string;
      readonly email?: string | undefined;
      readonly name?: string | undefined;
      readonly address: string;
    }): Promise<Redeemed> {
      const hash = sha256(request.token);
      // Reject a wrong token before the slow password hash. The shorter response time reveals nothing useful, because nobody can guess 256
      // random bits.
      if (!(await invitations.hasInvitation(hash, now()))) throw invalidInvitation(request.email);
      const { secret, credentials } = await newCredentials(request.password, request.address);
      const redeemed = await invitations.redeem(hash, now(), credentials, (id) =>
        resetEntry('credentials.reset', clock.now(), id),
      );
      let account = redeemed?.account ?? null;
      if (!account && request.email !== undefined) {
        const first = newAccount(request.email, request.name ?? request.email, now());
        const owner: Grant = { role: 'owner', group: null, area: null };
        account = await invitations.redeemFirstOwner(
          hash,
          now(),
          first,
          credentials,
          roleEntry('role.granted', clock.now(), first.id, owner),
        );
      }
      if (!account) throw invalidInvitation(request.email);
      bus.publish({ kind: 'accounts' });
      if (redeemed?.reset) {
        await alert(
          'credential_reset',
          `The password and the second factor of ${account.email} (${account.id}) were reset from ${request.address}. The account's sessions and tokens have ended.`,
        );
      }
      return { account, totpSecret: secret, totpUri: await totpUri(organization, account.email, secret) };
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
