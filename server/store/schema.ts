/**
 * Types of the tables for Kysely, the same for SQLite and PostgreSQL: times are Unix milliseconds, documents are text, flags are 0 or 1.
 * `migrations/` creates the tables.
 */
import type { ActivityTables } from './schema/activity.ts';
import type { CosignatureTables } from './schema/cosignatures.ts';
import type { DeviceListTables } from './schema/device-list.ts';
import type { DeviceTables } from './schema/devices.ts';
import type { DisclosureTables } from './schema/disclosures.ts';
import type { FileTables } from './schema/files.ts';
import type { GroupTables } from './schema/groups.ts';
import type { InventoryTables } from './schema/inventory.ts';
import type { LedgerTables } from './schema/ledger.ts';
import type { LocationTables } from './schema/locations.ts';
import type { MailTables } from './schema/mail.ts';
import type { MessageTables } from './schema/messages.ts';
import type { NotificationTables } from './schema/notifications.ts';
import type { OpenIdTables } from './schema/openid.ts';
import type { OpeningTables } from './schema/openings.ts';
import type { OrderTables } from './schema/orders.ts';
import type { PackageTables } from './schema/packages.ts';
import type { PasskeyTables } from './schema/passkeys.ts';
import type { PeopleTables } from './schema/people.ts';
import type { PolicyTables } from './schema/policies.ts';
import type { RecoveryTables } from './schema/recovery.ts';
import type { ScriptTables } from './schema/scripts.ts';
import type { TimeCorrectionTables } from './schema/time-corrections.ts';
import type { UploadTables } from './schema/uploads.ts';

export interface Schema
  extends PeopleTables,
    DeviceTables,
    DeviceListTables,
    FileTables,
    GroupTables,
    LocationTables,
    OrderTables,
    InventoryTables,
    LedgerTables,
    CosignatureTables,
    MessageTables,
    MailTables,
    OpenIdTables,
    OpeningTables,
    PackageTables,
    UploadTables,
    PasskeyTables,
    RecoveryTables,
    DisclosureTables,
    PolicyTables,
    ScriptTables,
    TimeCorrectionTables,
    ActivityTables,
    NotificationTables {
  meta: { key: string; value: string };
}
