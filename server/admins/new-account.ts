import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type AccountId, newAccountId, randomBase32 } from '../../shared/protocol/ids.ts';
import { storedEmail } from '../../shared/text/canonical-email.ts';
import { emailKey, personSubject } from './email.ts';
import type { Invitation, NewAccount } from './ports.ts';
import type { Grant } from './roles.ts';
import { sha256 } from './secrets.ts';

const INVITATION_LASTS = 72 * 3_600_000;

export function newAccount(email: string, name: string, at: number): NewAccount {
  return {
    id: newAccountId(),
    email: storedEmail(email),
    emailKey: emailKey(email),
    name,
    subject: personSubject(email),
    at,
  };
}

/** Creates an invitation. `mailedTo`: the address that receives the invitation link; null if an admin sees the link. */
export function newInvitation(now: number, mailedTo: string | null = null): { token: string; stored: Invitation } {
  // The token is base32, because a base64url token can begin with a hyphen, and a command line would read that token as an option.
  const token = randomBase32(32);
  return { token, stored: { hash: sha256(token), expiresAt: now + INVITATION_LASTS, mailedTo } };
}

export function roleEntry<K extends 'role.granted' | 'role.revoked'>(
  kind: K,
  at: number,
  account: AccountId,
  grant: Grant | null,
) {
  const facts = { role: grant?.role ?? 'all', scope: grant?.group ? 'group' : 'all', area: grant?.area ?? null };
  return { kind, at, subject: account, public: facts } satisfies EntryDraft<K>;
}

export const resetEntry = <K extends 'credentials.reset-link' | 'credentials.reset'>(
  kind: K,
  at: number,
  account: AccountId,
) => ({ kind, at, subject: account, public: {} }) satisfies EntryDraft<K>;
