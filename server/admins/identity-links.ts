/** Removal of an account's link to the identity provider. It also works after the provider was removed from the settings. */
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { isEmergencyOwner } from './grant-rules.ts';
import type { ProviderIdentityStore } from './identity-provider.ts';
import { roleEntry } from './new-account.ts';
import type { Account, RaiseAlert } from './ports.ts';

export function createIdentityLinks(ports: {
  readonly identities: Pick<ProviderIdentityStore, 'unlink'>;
  readonly account: (id: AccountId) => Promise<Account>;
  /** True if only owners may sign in with a password. */
  readonly onlyProvider: boolean;
  readonly clock: Clock;
  readonly changed: () => void;
  readonly alert: RaiseAlert;
  readonly now: () => number;
}) {
  const { identities, account: accountOf, onlyProvider, clock, changed, alert, now } = ports;
  return {
    /**
     * Unlinks the account. The account loses the provider's roles. If another person unlinks it, its sessions and tokens end too, because the
     * provider may have opened them. Throws `conflict` if the account could not sign in any more.
     */
    async unlinkIdentity(id: AccountId, by: Account): Promise<Account> {
      const account = await accountOf(id);
      const others = account.grants.filter(({ source }) => source !== 'provider');
      if (account.identity !== null && !(account.password && (!onlyProvider || isEmergencyOwner(others)))) {
        throw new CordonError(
          'conflict',
          'The identity provider is the only way in which this account can sign in. Create a link for a password first, or disable the account.',
        );
      }
      const at = clock.now();
      await identities.unlink(id, {
        at: now(),
        entry: { kind: 'identity.unlinked', at, subject: id, public: {} },
        revoked: (grant) => roleEntry('role.revoked', at, id, grant),
        end: by.id !== id,
      });
      changed();
      await alert(
        'identity_unlinked',
        `${account.email} (${id}) can no longer sign in with the identity provider. ${by.id === id ? 'The account holder' : by.email} removed the link.`,
      );
      return accountOf(id);
    },
  };
}
