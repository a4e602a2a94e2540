import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { emailKey } from './email.ts';
import { sameGrant } from './grant-rules.ts';
import { newAccount, newInvitation, resetEntry, roleEntry } from './new-account.ts';
import type { Account, AccountStore, InvitationStore, RaiseAlert } from './ports.ts';
import type { Grant } from './roles.ts';

interface AccountsPorts {
  readonly accounts: AccountStore;
  readonly invitations: Pick<InvitationStore, 'invite'>;
  /** Clock for the field `at` of ledger entries, which the demo can advance. All other times of accounts come from the system clock. */
  readonly clock: Clock;
  readonly bus: Bus;
  readonly alert: RaiseAlert;
  readonly now: () => number;
}

export function createAccounts(ports: AccountsPorts) {
  const { accounts, invitations, clock, alert, now, bus } = ports;
  const changed = () => bus.publish({ kind: 'accounts' });

  async function found(id: AccountId): Promise<Account> {
    const account = await accounts.find(id);
    if (account) return account;
    throw new CordonError('not_found', `There is no account ${id}. List the accounts with GET /accounts.`);
  }

  return {
    accounts: (): Promise<Account[]> => accounts.list(),
    /**
     * Names by id of a person or an account. A person with several accounts has the name of the oldest account. People without an account
     * are absent.
     */
    async namesOf(ids: ReadonlySet<string>): Promise<Record<string, string>> {
      const oldestLast = (await accounts.list()).toSorted((a, b) => b.createdAt - a.createdAt);
      const named = oldestLast.flatMap(({ id, person, name }) => [id, person].map((key) => [key, name] as const));
      return Object.fromEntries(named.filter(([key]) => ids.has(key)));
    },
    account: found,
    /** Account with an e-mail address; null if there is none. */
    async accountAt(email: string): Promise<AccountId | null> {
      return (await accounts.credentials(emailKey(email)))?.account.id ?? null;
    },

    /**
     * Creates the account and all of its grants in one transaction. `by`: the admin's account. `mailed`: true if the server mails the
     * invitation, so that no admin sees the link.
     */
    async createAccount(
      email: string,
      name: string,
      grants: readonly Grant[] = [],
      by: AccountId | null = null,
      { mailed = false }: { readonly mailed?: boolean } = {},
    ): Promise<{ account: Account; invitation: string; expiresAt: number }> {
      const created = newAccount(email, name, now());
      const { token, stored } = newInvitation(now(), mailed ? created.email : null);
      const distinct = grants.filter((grant, at) => grants.findIndex((other) => sameGrant(other, grant)) === at);
      const entries = distinct.map((grant) => ({
        grant,
        entry: roleEntry('role.granted', clock.now(), created.id, grant),
      }));
      const account = await accounts.create(created, stored, entries, by);
      changed();
      return { account, invitation: token, expiresAt: stored.expiresAt };
    },

    /**
     * Creates a link for a user who lost a password or phone. The old credentials stay valid until the user uses the link. `by`: the
     * admin's account. `mailed`: true if the server mails the link, so that no admin sees the link. A link that replaces credentials causes
     * a ledger entry and an alert.
     */
    async createAccountLink(
      id: AccountId,
      by: AccountId | null = null,
      { mailed = false }: { readonly mailed?: boolean } = {},
    ): Promise<{ invitation: string; expiresAt: number }> {
      const account = await found(id);
      const { token, stored } = newInvitation(now(), mailed ? account.email : null);
      const reset = account.ready ? resetEntry('credentials.reset-link', clock.now(), id) : null;
      await invitations.invite(id, stored, { by: mailed ? null : by, at: now() }, reset);
      changed();
      if (reset) {
        const maker = by === null ? 'The server' : `${(await found(by)).email} (${by})`;
        await alert('credential_reset_link', resetLinkAlert(maker, account, mailed));
      }
      return { invitation: token, expiresAt: stored.expiresAt };
    },

    ...createAccountAccess({ ...ports, changed, found }),
  };
}

function createAccountAccess({
  accounts,
  bus,
  clock,
  now,
  changed,
  found,
}: AccountsPorts & { readonly changed: () => void; readonly found: (id: AccountId) => Promise<Account> }) {
  return {
    async setStatus(id: AccountId, status: Account['status']): Promise<Account> {
      if ((await found(id)).status !== status) {
        const kind = status === 'active' ? 'role.granted' : 'role.revoked';
        await accounts.setStatus(id, status, roleEntry(kind, clock.now(), id, null));
        changed();
        // The disabled account's approvals of pending revisions become void, so the subscribers must learn that orders changed.
        bus.publish({ kind: 'orders' });
      }
      return found(id);
    },

    async grant(id: AccountId, grant: Grant): Promise<Account> {
      const { grants } = await found(id);
      if (!grants.some((existing) => existing.source === undefined && sameGrant(existing, grant))) {
        await accounts.grant(id, { grant, entry: roleEntry('role.granted', clock.now(), id, grant) }, now());
        changed();
      }
      return found(id);
    },

    async revokeGrant(id: AccountId, grant: Grant): Promise<Account> {
      await found(id);
      await accounts.revoke(id, grant, roleEntry('role.revoked', clock.now(), id, grant));
      changed();
      return found(id);
    },
  };
}

const resetLinkAlert = (maker: string, { id, email }: Account, mailed: boolean): string =>
  mailed
    ? `${maker} mailed a credential reset link to ${email} (${id}). The reader of this mailbox can take over the account.`
    : `${maker} created a credential reset link for ${email} (${id}). Anyone with this link can take over the account.`;
