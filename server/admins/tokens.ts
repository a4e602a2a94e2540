import { CordonError } from '../../shared/errors.ts';
import { type AccountId, type CustomRoleId, randomBase32 } from '../../shared/protocol/ids.ts';
import type { ApiToken, Owned, TokenAccount, TokenStore } from './ports.ts';
import { PROVIDER_ROLES_LAST, withoutStaleRoles } from './provider-roles.ts';
import { newSecret, sha256 } from './secrets.ts';

export function createTokens({ tokens, now }: { readonly tokens: TokenStore; readonly now: () => number }) {
  return {
    async tokenAccount(token: string, address: string): Promise<TokenAccount | null> {
      const found = await tokens.tokenAccount(sha256(token), now(), address);
      return found && { ...found, account: withoutStaleRoles(found.account, now(), PROVIDER_ROLES_LAST.token) };
    },

    tokens: (account: AccountId | null): Promise<Owned<ApiToken>[]> => tokens.tokens(account),

    /** API token with its secret. The server stores only a hash, so the secret is only in this return value. */
    async createToken(
      account: AccountId,
      name: string,
      expiresAt: number | null,
      destructive = false,
      role: CustomRoleId | null = null,
    ): Promise<ApiToken & { secret: string }> {
      if (expiresAt !== null && expiresAt <= now()) {
        throw new CordonError('invalid_input', 'The expiry of a token must be in the future.', { path: 'expiresAt' });
      }
      const secret = `cordon_${newSecret()}`;
      const unused = { lastUsedAt: null, lastAddress: null };
      const token = { id: `tok_${randomBase32(10)}`, name, createdAt: now(), expiresAt, destructive, role, ...unused };
      await tokens.insertToken({ ...token, account, hash: sha256(secret) });
      return { ...token, secret };
    },

    /** Deletes a token. `account`: the account that must own the token; null for a token of any account. */
    async deleteToken(account: AccountId | null, id: string): Promise<void> {
      if (await tokens.deleteToken(account, id)) return;
      throw new CordonError('not_found', `There is no token ${id}. List the tokens again: it may have ended.`);
    },
  };
}
