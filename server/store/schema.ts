/**
 * Types of the tables for Kysely, the same for SQLite and PostgreSQL: times are Unix milliseconds, documents are text, flags are 0 or 1.
 * `migrations/` creates the tables.
 */
import type { CosignatureTables } from './schema/cosignatures.ts';
import type { DeviceTables } from './schema/devices.ts';
import type { DisclosureTables } from './schema/disclosures.ts';
import type { LedgerTables } from './schema/ledger.ts';
import type { LocationTables } from './schema/locations.ts';
import type { MailTables } from './schema/mail.ts';
import type { MessageTables } from './schema/messages.ts';
import type { OpenIdTables } from './schema/openid.ts';
import type { OpeningTables } from './schema/openings.ts';
import type { OrderTables } from './schema/orders.ts';
import type { PasskeyTables } from './schema/passkeys.ts';
import type { PeopleTables } from './schema/people.ts';
import type { RecoveryTables } from './schema/recovery.ts';
import type { TimeCorrectionTables } from './schema/time-corrections.ts';

export interface Schema
  extends PeopleTables,
    DeviceTables,
    LocationTables,
    OrderTables,
    LedgerTables,
    CosignatureTables,
    MessageTables,
    MailTables,
    OpenIdTables,
    OpeningTables,
    PasskeyTables,
    RecoveryTables,
    DisclosureTables,
    TimeCorrectionTables {
  meta: { key: string; value: string };
}
