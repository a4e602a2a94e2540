/** The server's shares of locked workspaces. A row stays as long as a device may be locked with it: for good. */
import type { Kysely, Migration } from 'kysely';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

export function unlockShares(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) =>
      createTables(db, dialect, {
        unlock_shares: {
          columns: { command_id: 'text', device_id: 'text', share: 'text', created_at: 'int' },
          key: ['command_id'],
          indexes: [['device_id', 'created_at']],
        },
      }),
  };
}
