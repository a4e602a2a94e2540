/** Tables for sign-in with an identity provider, which migration 0001 creates. */
import type { Table } from '../create-tables.ts';

export const OPENID: Readonly<Record<string, Table>> = {
  provider_identities: {
    columns:
      'account_id text, issuer text, subject text, linked_at int, signed_in_at int, proven int, unlinked_at int?',
    key: 'issuer, subject',
    references: { account_id: 'accounts(id)' },
    indexes: ['account_id'],
    special: { provider_identities_linked: 'unique (account_id) where unlinked_at is null' },
  },
};
