/** Tables of version 0.2.0. `schema.ts` has the same tables as types, and says what their columns mean. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';
import { ACTIVITY } from './tables-activity.ts';
import { COSIGNATURES } from './tables-cosignatures.ts';
import { DEVICE_LIST } from './tables-device-list.ts';
import { DISCLOSURES } from './tables-disclosures.ts';
import { GROUPS } from './tables-groups.ts';
import { INVENTORY } from './tables-inventory.ts';
import { MAIL } from './tables-mail.ts';
import { MESSAGES } from './tables-messages.ts';
import { NOTIFICATIONS } from './tables-notifications.ts';
import { OPENID } from './tables-openid.ts';
import { OPENINGS } from './tables-openings.ts';
import { PACKAGES } from './tables-packages.ts';
import { PASSKEYS } from './tables-passkeys.ts';
import { POLICIES } from './tables-policies.ts';
import { SCRIPTS } from './tables-scripts.ts';
import { TIME_CORRECTIONS } from './tables-time-corrections.ts';

type Tables = Readonly<Record<string, Table>>;

const INSTALLATION: Tables = {
  meta: { columns: 'key text, value text', key: 'key' },
};

const PEOPLE: Tables = {
  groups: {
    columns: `id text, name text, home text?, seat text?, created_at int, mail_programs int?, expression text?, trusted int?,
      built_after text?`,
    key: 'id',
    unique: ['name'],
  },
  persons: {
    columns: `id text, subject text, name text, folded text, email text?, email_key text?, directory_id text?,
      status text, created_at int, same_as text?`,
    key: 'id',
    unique: ['subject', 'email_key', 'directory_id'],
    indexes: ['folded, id'],
  },
  person_groups: {
    columns: 'person_id text, group_id text',
    key: 'person_id, group_id',
    references: { person_id: 'persons(id)', group_id: 'groups(id)' },
    indexes: ['group_id, person_id'],
  },
};

/** Accounts of admins, their access, and actions that need a second person. */
const ACCOUNTS: Tables = {
  accounts: {
    columns: `id text, person_id text, email text, email_key text, name text, password_hash text?, totp_sealed text?,
      totp_last_step int, status text, created_at int, verified_email text?, email_verified_at int?`,
    key: 'id',
    unique: ['email', 'email_key'],
    references: { person_id: 'persons(id)' },
    indexes: ['person_id'],
  },
  role_grants: {
    columns: 'account_id text, role text, group_id text?, area text?, granted_at int, source text',
    references: { account_id: 'accounts(id)' },
    indexes: ['role'],
    // Null equals null here, unlike in a unique constraint.
    special: { role_grants_once: `unique (account_id, role, (coalesce(group_id, '')), (coalesce(area, '')))` },
  },
  custom_roles: {
    columns:
      'id text, name text, folded text, description text, rights text, version int, created_at int, changed_at int',
    key: 'id',
    unique: ['folded'],
  },
  custom_role_versions: {
    columns: `role_id text, version int, name text, description text, rights text, digest text, changed_by text, at int`,
    key: 'role_id, version',
    references: { role_id: 'custom_roles(id)' },
  },
  invitations: {
    columns: 'hash text, account_id text, expires_at int, used_at int?, mailed_to text?',
    key: 'hash',
    references: { account_id: 'accounts(id)' },
  },
  address_verifications: {
    columns: 'account_id text, hash text, email text, expires_at int',
    key: 'account_id',
    unique: ['hash'],
    references: { account_id: 'accounts(id)' },
  },
  account_links: {
    columns: 'account_id text, seen_by text, kind text, at int',
    key: 'account_id, seen_by, kind',
    references: { account_id: 'accounts(id)', seen_by: 'accounts(id)' },
    indexes: ['seen_by'],
  },
  sessions: {
    columns: `id text, hash text, page_hash text, account_id text, created_at int, authenticated_at int,
      last_used_at int, expires_at int, address text, user_agent text, by_recovery_code int`,
    key: 'id',
    unique: ['hash'],
    references: { account_id: 'accounts(id)' },
    indexes: ['account_id', 'expires_at'],
  },
  api_tokens: {
    columns: `id text, hash text, account_id text, name text, created_at int, expires_at int?, destructive int,
      last_used_at int?, last_address text?, role_id text?`,
    key: 'id',
    unique: ['hash'],
    references: { account_id: 'accounts(id)', role_id: 'custom_roles(id)' },
    indexes: ['account_id'],
  },
  approver_keys: {
    columns: 'keyid text, person_id text, account_id text, public_key text, registered_at int, rp_id text?',
    key: 'keyid',
    references: { person_id: 'persons(id)', account_id: 'accounts(id)' },
    indexes: ['person_id'],
  },
  actions: {
    columns: `id text, action text, route text, content text, hash text, device_count int, account_id text,
      person_id text, proposed_at int, expires_at int, status text, decided_at int?, decided_by text?, reason text?,
      outcome text?`,
    key: 'id',
    references: { account_id: 'accounts(id)' },
    indexes: ['proposed_at, id', 'person_id, status'],
  },
  solo_actions: {
    columns: 'person_id text, device_id text, at int',
    key: 'person_id, device_id',
    indexes: ['at'],
  },
};

const DEVICES: Tables = {
  activation_codes: {
    columns: `id text, secret_hash text, person_id text, group_id text, home text?, seat text?, created_by text,
      created_at int, expires_at int, used_at int?, canceled_at int?, mail_connector int?`,
    key: 'id',
    references: { person_id: 'persons(id)', group_id: 'groups(id)' },
    indexes: ['created_at', 'group_id', 'person_id'],
  },
  devices: {
    columns: `id text, generation int, status text, person_id text, person_name text, group_id text, home text?,
      seat text?, enrolled_at int, ended_at int?, record_version int, statement text?, statement_until int?,
      stated_home text?, located int, mail_connector int?, missing_since int?, retired_at int?`,
    key: 'id',
    references: { person_id: 'persons(id)', group_id: 'groups(id)' },
    indexes: [
      'group_id, id',
      'status, id',
      'person_id, id',
      // All columns that a list filters by, so that the index alone answers for a large fleet (`device-list.ts`).
      'person_name, id, status, group_id, home, stated_home',
      'enrolled_at, id, status, group_id, home, stated_home',
    ],
    special: {
      // Without a condition on the status: SQLite without statistics would take such an index for a device's queue too.
      devices_mail_connectors: '(id) where mail_connector = 1',
      devices_by_home: '(home, id) where home is not null',
      devices_by_seat: '(seat, id) where seat is not null',
      devices_by_stated_home: '(stated_home, id) where stated_home is not null',
      devices_never_located: '(status, id) where located = 0',
      devices_retired: '(retired_at) where retired_at is not null',
    },
  },
  device_labels: {
    columns: 'device_id text, label text',
    key: 'device_id, label',
    indexes: ['label, device_id'],
    byKey: true,
  },
  device_presence: {
    columns: `device_id text, generation int, session_epoch int, connected int, changed_at int, last_seen_at int,
      address text?, agent text?, list_version int, stored_record_version int, approver_set_version int,
      last_report int`,
    key: 'device_id',
    references: { device_id: 'devices(id)' },
    indexes: ['last_seen_at, device_id'],
    special: { device_presence_connected: '(device_id) where connected = 1' },
    byKey: true,
  },
  device_workspaces: {
    columns: 'device_id text, generation int, state text, since int',
    key: 'device_id',
    byKey: true,
  },
  device_inventory: {
    columns: 'device_id text, at int, hostname text?, platform text?, body text',
    key: 'device_id',
    references: { device_id: 'devices(id)' },
    indexes: ['hostname, device_id'],
  },
  device_logs: {
    columns: 'command_id text, device_id text, at int, size int, body bytes',
    key: 'command_id',
    indexes: ['device_id, at', 'at'],
  },
  device_history: {
    columns: `id serial, device_id text, from_at int, until_at int?, generation int, status text, group_id text,
      home text?, seat text?, stated_home text?, stated_until int?`,
    indexes: ['device_id, id'],
    special: { device_history_past: '(until_at) where until_at is not null' },
  },
  group_history: {
    columns: 'id serial, group_id text, from_at int, until_at int?, name text, home text?, seat text?',
    indexes: ['group_id, id'],
    special: { group_history_past: '(until_at) where until_at is not null' },
  },
  certificates: {
    columns: `serial text, device_id text?, generation int?, profile text, fingerprint text, der text, not_before int,
      not_after int, issued_at int, revoked_at int?, revocation_reason int?, superseded_at int?`,
    key: 'serial',
    unique: ['fingerprint'],
    indexes: ['device_id, generation'],
    special: { certificates_revoked: '(not_after) where revoked_at is not null' },
  },
  crls: { columns: 'number int, der text, this_update int, next_update int, entries int', key: 'number' },
  commands: {
    columns: `id text, device_id text, generation int, kind text, body text, state text, request text?,
      created_by text, created_at int, expires_at int, stored_at int?, finished_at int?, detail text?,
      displayed_at int?, displayed_on text?, attempt int?, retried int?, not_before int?, cancel_requested int?`,
    key: 'id',
    references: { device_id: 'devices(id)' },
    // A device has few commands. Sorting its history on request costs less than another index on each write.
    indexes: ['device_id, generation, state, created_at, id'],
    special: {
      commands_finished: '(finished_at) where finished_at is not null',
      commands_unfinished: '(expires_at) where finished_at is null',
      commands_delayed: '(not_before) where not_before is not null',
    },
  },
  jobs: {
    columns: `id text, kind text, body text, created_by text, created_at int, expires_at int, devices int, waiting int,
      refused text, lock_secret text?, ended_at int?, ended_as text?, ended_detail text?, name text?, state text,
      released text, plan text, progress text, wake int, priority text?, time_window text?, supersedes text?,
      after_job text?, joiners text?, changed_at int?, changed_by text?, reason text?`,
    key: 'id',
    indexes: ['created_at, id'],
    special: {
      jobs_open: '(expires_at) where ended_at is null',
      // Without the jobs that all devices have reported. Every connecting device reads this index.
      jobs_waiting: '(created_at) where ended_at is null and waiting > 0',
      jobs_ended: '(ended_at) where ended_at is not null',
      jobs_locks: '(created_at) where lock_secret is not null',
      jobs_wake: '(id) where wake = 1',
      jobs_joiners: '(created_at) where joiners is not null and ended_at is null',
      jobs_supersedes: '(supersedes) where supersedes is not null and ended_at is null',
      jobs_after: '(after_job) where after_job is not null and ended_at is null',
    },
  },
  // Without an index on the device: a job appends its rows to the end of the table, and an index would change a page for each device.
  job_members: {
    columns: 'job text, device_id text, generation int, waiting int',
    key: 'job, device_id',
    byKey: true,
  },
  unlock_shares: {
    columns: 'command_id text, device_id text, share text, created_at int',
    key: 'command_id',
    indexes: ['device_id, created_at'],
  },
  alerts: {
    columns: `id serial, at int, first_at int, count int, device_id text?, code text, detail text,
      acknowledged_at int?, acknowledged_by text?`,
    indexes: ['device_id, id', 'at'],
  },
  legal_holds: {
    columns: `id text, device_id text?, person_id text?, reason text, reference text?, placed_at int, placed_by text,
      released_at int?, released_by text?, release_reason text?, records_updated int`,
    key: 'id',
    // Without a reference to the device: the record of a released hold stays when the device's record is deleted.
    references: { person_id: 'persons(id)' },
    // The first two answer whether a device is under a hold. The last one lists the holds.
    indexes: ['device_id, released_at', 'person_id, released_at', 'placed_at, id'],
  },
};

const LOCATIONS: Tables = {
  evidence: {
    columns: 'id serial, device_id text, generation int, at int, detail text, received_at int',
    indexes: ['device_id, at', 'at'],
  },
  locations: {
    columns: 'device_id text, areas text, unknown_at int?',
    key: 'device_id',
    indexes: ['unknown_at, areas, device_id'],
    byKey: true,
  },
  location_states: { columns: 'device_id text, state text, previous_location text?, times text?', key: 'device_id' },
  device_nexus: {
    columns: 'device_id text, nexus text, area text',
    key: 'nexus, area, device_id',
    indexes: ['device_id'],
  },
  ip_databases: {
    columns: 'hash text, name text, imported_at int, imported_by text?, built_at int, bytes int, active int',
    key: 'hash',
    special: { ip_databases_one_active: 'unique (active) where active = 1' },
  },
  ip_database_activations: { columns: 'id serial, hash text, at int, account_id text?' },
  territory_policies: {
    columns: 'version int, body text, hash text, imported_at int, imported_by text?',
    key: 'version',
  },
  territory_policy_activations: { columns: 'id serial, version int, at int, account_id text?' },
  named_areas: {
    columns: 'code text, version int, title text, body text, created_at int, created_by text',
    key: 'code, version',
  },
};

const REVISION = { 'order_number, revision': 'order_revisions(order_number, revision)' };

const ORDERS: Tables = {
  approver_sets: {
    columns: 'version int, payload text, signatures text, state text',
    key: 'version',
    indexes: ['state, version'],
  },
  orders: {
    columns: 'number text, title text, adopted_revision int?, latest_revision int, created_at int',
    key: 'number',
  },
  order_revisions: {
    columns: `order_number text, revision int, action text, payload text, digest text, proposer text, state text,
      proposed_at int, adopted_at int?, listed_in int?, ended_at int?, ended_by text?, end_reason text?`,
    key: 'order_number, revision',
    references: { order_number: 'orders(number)' },
    indexes: ['state, order_number'],
  },
  order_approvals: {
    columns: `order_number text, revision int, person_id text, keyid text, signature text, stub_signature text?,
      immediate_signature text?, approved_at int`,
    key: 'order_number, revision, keyid',
    references: REVISION,
  },
  order_exemptions: {
    columns: 'order_number text, revision int, device_id text, salt text, commitment text, until int?, reason text?',
    key: 'order_number, revision, device_id',
    references: REVISION,
    indexes: ['device_id'],
  },
  order_decisions: {
    columns: 'commitment text, order_number text, revision int, sealed text',
    key: 'commitment',
    references: REVISION,
  },
  order_documents: {
    columns: 'sha256 text, media_type text, size int, sealed text, uploaded_by text, uploaded_at int, named int',
    key: 'sha256',
    indexes: ['named, uploaded_at'],
  },
  order_executions: {
    columns: 'sequence serial, order_number text, revision int, state text, at int',
    references: REVISION,
    indexes: ['order_number, sequence'],
  },
  order_affected_devices: {
    columns: 'order_number text, device_id text, revision int',
    key: 'order_number, device_id',
    references: REVISION,
    byKey: true,
  },
  order_affected_complete: {
    columns: 'order_number text, revision int',
    key: 'order_number, revision',
    references: REVISION,
  },
  pending_exits: {
    columns: 'order_number text, revision int, device_id text, generation int, since int, checked_at int',
    key: 'order_number, revision, device_id, generation',
    references: REVISION,
    byKey: true,
  },
  device_exits: {
    columns: `device_id text, generation int, order_number text, revision int, outcome text, at int, destroyed text,
      salt text`,
    key: 'device_id, generation',
    references: REVISION,
    indexes: ['order_number, device_id'],
  },
  location_records: {
    columns: 'order_number text, entry_id int, device_id text, body text, reason text?, reason_salt text?',
    key: 'order_number, entry_id',
  },
  order_readings: {
    columns: `order_number text, account_id text, part text, about text, span int, first_at int, last_at int,
      count int`,
    key: 'order_number, span, account_id, part, about',
  },
  order_proceedings: {
    columns: 'order_number text, number int, record text, digest text',
    key: 'order_number, number',
    references: { order_number: 'orders(number)' },
  },
  answer_reminders: {
    columns: 'order_number text, answer_by int, step int, at int, mailed text',
    key: 'order_number',
    references: { order_number: 'orders(number)' },
  },
  order_lists: {
    columns: 'version int, envelope text, hash text, issued_at int, expires_at int',
    key: 'version',
    indexes: ['issued_at, version'],
  },
  device_records: { columns: 'device_id text, version int, envelope text', key: 'device_id' },
  receipts: {
    columns: `device_id text, generation int, seq int, kind text, list_version int, order_number text?, revision int?,
      service text?, gate text?, notice text?, at int, stored_at int, envelope text, verified int`,
    key: 'device_id, generation, seq',
    special: {
      // Receipts that wait for verification; then verified ones, with all columns that a rollout counts by.
      receipts_unverified: '(stored_at) where verified = 0',
      receipts_verified: '(order_number, kind, device_id, generation, service, revision, at) where verified = 1',
      receipts_of_notices: `(order_number, device_id, notice, kind, revision, generation, at)
        where verified = 1 and notice is not null`,
    },
  },
  evidence_packs: { columns: 'id text, order_number text, made_by text, made_at int', key: 'id' },
  pack_devices: {
    columns: 'pack_id text, handle text, device_id text',
    key: 'pack_id, handle',
    references: { pack_id: 'evidence_packs(id)' },
    byKey: true,
  },
};

const LEDGER: Tables = {
  ledger_entries: {
    columns: 'id serial, entry_index int?, kind text, at int, body text, hash text',
    unique: ['entry_index'],
    indexes: ['hash'],
    special: {
      ledger_entries_unsequenced: '(id) where entry_index is null',
      // Few entries among many certificates. `PackStore.orderEntries` has the same condition.
      ledger_entries_in_packs: `(entry_index) where kind in
        ('order.revision', 'order.approval', 'order.adopted', 'order.executed', 'order.exited', 'order.list',
         'approvers.adopted', 'server.restored', 'time.corrected', 'order.proceeding')`,
    },
  },
  ledger_openings: {
    columns: 'entry_id int, salt text, subject text',
    key: 'entry_id',
    references: { entry_id: 'ledger_entries(id)' },
  },
  ledger_hashes: { columns: 'level int, position int, hash text', key: 'level, position' },
  checkpoints: { columns: 'size int, note text, at int', key: 'size' },
  ledger_continuations: {
    columns: `number int, digest text, payload text, signatures text, state text, proposed_at int, proposed_by text,
      adopted_at int?`,
    key: 'number',
  },
};

/** Facts that a restored store lacks, and responses of the devices that it asked. */
const RECOVERY: Tables = {
  lost_certificates: {
    columns: `serial text, fingerprint text?, device_id text?, generation int?, der text?, not_after int?,
      published int, seen_at int?`,
    key: 'serial',
  },
  recovery_responses: {
    columns: 'device_id text, at int, size int?, root text?, result text, origin text?',
    key: 'device_id',
    indexes: ['result'],
  },
};

const SUBJECTS = [
  ...[
    INSTALLATION,
    PEOPLE,
    ACCOUNTS,
    OPENID,
    PASSKEYS,
    ACTIVITY,
    NOTIFICATIONS,
    DEVICES,
    LOCATIONS,
    ORDERS,
    LEDGER,
    COSIGNATURES,
    OPENINGS,
    MESSAGES,
    MAIL,
  ],
  ...[INVENTORY, RECOVERY, DISCLOSURES, TIME_CORRECTIONS, GROUPS, DEVICE_LIST],
  POLICIES,
  SCRIPTS,
  PACKAGES,
];

export const tables = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    for (const subject of SUBJECTS) await createTables(db, dialect, subject);
  },
});
