/** Tables of version 0.2.0 for passkeys and recovery codes. */
import type { Table } from '../create-tables.ts';

export const PASSKEYS: Readonly<Record<string, Table>> = {
  passkeys: {
    columns: `id text, account_id text, purpose text, name text, credential_id text, public_key text, counter int,
      rp_id text, keyid text?, created_at int, last_used_at int?`,
    key: 'id',
    unique: ['credential_id'],
    references: { account_id: 'accounts(id)' },
    indexes: ['account_id'],
  },
  recovery_codes: {
    columns: 'hash text, account_id text, created_at int, used_at int?',
    key: 'hash',
    references: { account_id: 'accounts(id)' },
    indexes: ['account_id'],
  },
  passkey_confirmations: {
    columns:
      'digest text, account_id text, passkey_id text, action_hash text, content text, statement text, assertion text, at int',
    key: 'digest',
    references: { account_id: 'accounts(id)' },
    indexes: ['account_id', 'at'],
  },
};
