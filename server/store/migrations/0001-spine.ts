/** The first tables: exactly `schema.ts`, with an index for every question that the product asks. */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  meta: { columns: { key: 'text', value: 'text' }, key: ['key'] },

  persons: { columns: { id: 'text', subject: 'text', created_at: 'int' }, key: ['id'], unique: [['subject']] },
  accounts: {
    columns: {
      id: 'text',
      person_id: 'text',
      email: 'text',
      name: 'text',
      password_hash: 'text?',
      totp_sealed: 'text?',
      totp_last_step: 'int',
      status: 'text',
      created_at: 'int',
    },
    key: ['id'],
    unique: [['email']],
    references: [[['person_id'], 'persons', ['id']]],
    indexes: [['person_id']],
  },
  role_grants: {
    columns: { account_id: 'text', role: 'text', group_id: 'text?', area: 'text?', granted_at: 'int' },
    references: [[['account_id'], 'accounts', ['id']]],
    indexes: [['role']],
  },
  invitations: {
    columns: { hash: 'text', account_id: 'text', expires_at: 'int', used_at: 'int?' },
    key: ['hash'],
    references: [[['account_id'], 'accounts', ['id']]],
  },
  sessions: {
    columns: { hash: 'text', account_id: 'text', created_at: 'int', expires_at: 'int', csrf: 'text' },
    key: ['hash'],
    references: [[['account_id'], 'accounts', ['id']]],
    indexes: [['account_id'], ['expires_at']],
  },
  api_tokens: {
    columns: { id: 'text', hash: 'text', account_id: 'text', name: 'text', created_at: 'int', expires_at: 'int?' },
    key: ['id'],
    unique: [['hash']],
    references: [[['account_id'], 'accounts', ['id']]],
    indexes: [['account_id']],
  },
  approver_keys: {
    columns: { keyid: 'text', person_id: 'text', account_id: 'text', public_key: 'text', registered_at: 'int' },
    key: ['keyid'],
    references: [
      [['person_id'], 'persons', ['id']],
      [['account_id'], 'accounts', ['id']],
    ],
    indexes: [['person_id']],
  },

  groups: {
    columns: { id: 'text', name: 'text', home: 'text?', seat: 'text?', created_at: 'int' },
    key: ['id'],
    unique: [['name']],
  },
  activation_codes: {
    columns: {
      id: 'text',
      secret_hash: 'text',
      user_name: 'text',
      group_id: 'text',
      home: 'text?',
      seat: 'text?',
      created_by: 'text',
      created_at: 'int',
      expires_at: 'int',
      used_at: 'int?',
      cancelled_at: 'int?',
    },
    key: ['id'],
    references: [[['group_id'], 'groups', ['id']]],
    indexes: [['created_at'], ['group_id']],
  },
  devices: {
    columns: {
      id: 'text',
      generation: 'int',
      status: 'text',
      user_name: 'text',
      user_folded: 'text',
      group_id: 'text',
      home: 'text?',
      seat: 'text?',
      enrolled_at: 'int',
      ended_at: 'int?',
      record_version: 'int',
      statement: 'text?',
      statement_until: 'int?',
      stated_home: 'text?',
    },
    key: ['id'],
    references: [[['group_id'], 'groups', ['id']]],
    indexes: [
      ['group_id', 'id'],
      ['status', 'id'],
      ['user_folded', 'id'],
      // With all that a list asks of a device, so that a large fleet is filtered in the index (`device-list.ts`).
      ['user_name', 'id', 'status', 'group_id', 'home', 'stated_home'],
      ['enrolled_at', 'id', 'status', 'group_id', 'home', 'stated_home'],
    ],
  },
  device_presence: {
    columns: {
      device_id: 'text',
      generation: 'int',
      session_epoch: 'int',
      connected: 'int',
      changed_at: 'int',
      last_seen_at: 'int',
      address: 'text?',
      agent: 'text?',
      list_version: 'int',
      record_stored: 'int',
      root_version: 'int',
      reports_through: 'int',
    },
    key: ['device_id'],
    references: [[['device_id'], 'devices', ['id']]],
    indexes: [['last_seen_at', 'device_id']],
    byKey: true,
  },
  device_inventory: {
    columns: { device_id: 'text', at: 'int', hostname: 'text?', platform: 'text?', body: 'text' },
    key: ['device_id'],
    references: [[['device_id'], 'devices', ['id']]],
    indexes: [['hostname', 'device_id']],
  },
  certificates: {
    columns: {
      serial: 'text',
      device_id: 'text?',
      generation: 'int?',
      profile: 'text',
      fingerprint: 'text',
      der: 'text',
      not_before: 'int',
      not_after: 'int',
      issued_at: 'int',
      revoked_at: 'int?',
      revocation_reason: 'int?',
      superseded_at: 'int?',
    },
    key: ['serial'],
    unique: [['fingerprint']],
    indexes: [['device_id', 'generation']],
  },
  crls: {
    columns: { number: 'int', der: 'text', this_update: 'int', next_update: 'int', entries: 'int' },
    key: ['number'],
  },
  commands: {
    columns: {
      id: 'text',
      device_id: 'text',
      generation: 'int',
      kind: 'text',
      body: 'text',
      state: 'text',
      request: 'text?',
      created_by: 'text',
      created_at: 'int',
      expires_at: 'int',
      stored_at: 'int?',
      finished_at: 'int?',
      detail: 'text?',
    },
    key: ['id'],
    references: [[['device_id'], 'devices', ['id']]],
    // A device has few commands, so that its history is sorted when it is asked for: an index more would be written for every command.
    indexes: [['device_id', 'generation', 'state', 'created_at', 'id']],
  },
  alarms: {
    columns: { id: 'serial', at: 'int', device_id: 'text?', code: 'text', detail: 'text' },
    indexes: [['device_id', 'id'], ['at']],
  },

  evidence: {
    columns: {
      id: 'serial',
      device_id: 'text',
      generation: 'int',
      source: 'text',
      areas: 'text',
      at: 'int',
      detail: 'text',
      received_at: 'int',
    },
    indexes: [['device_id', 'at'], ['at']],
  },
  locations: {
    columns: { device_id: 'text', state: 'text', changed_at: 'int', unknown_at: 'int?', folded_before: 'text?' },
    key: ['device_id'],
    indexes: [['unknown_at', 'device_id']],
  },
  device_ties: {
    columns: { device_id: 'text', tie: 'text', area: 'text' },
    key: ['tie', 'area', 'device_id'],
    indexes: [['device_id']],
  },
  device_history: {
    columns: {
      id: 'serial',
      device_id: 'text',
      from_at: 'int',
      until_at: 'int?',
      generation: 'int',
      status: 'text',
      group_id: 'text',
      home: 'text?',
      seat: 'text?',
      stated_home: 'text?',
      stated_until: 'int?',
    },
    indexes: [['device_id', 'id']],
  },
  group_history: {
    columns: {
      id: 'serial',
      group_id: 'text',
      from_at: 'int',
      until_at: 'int?',
      name: 'text',
      home: 'text?',
      seat: 'text?',
    },
    indexes: [['group_id', 'id']],
  },
  ip_databases: {
    columns: {
      hash: 'text',
      name: 'text',
      imported_at: 'int',
      imported_by: 'text?',
      built_at: 'int',
      bytes: 'int',
      active: 'int',
    },
    key: ['hash'],
  },
  ip_database_uses: { columns: { id: 'serial', hash: 'text', at: 'int', account: 'text?' } },
  disputed_policies: {
    columns: { version: 'int', body: 'text', hash: 'text', imported_at: 'int', imported_by: 'text?' },
    key: ['version'],
  },
  disputed_policy_uses: { columns: { id: 'serial', version: 'int', at: 'int', account: 'text?' } },
  named_areas: {
    columns: { code: 'text', version: 'int', title: 'text', body: 'text', made_at: 'int', made_by: 'text' },
    key: ['code', 'version'],
  },

  orders: {
    columns: {
      number: 'text',
      title: 'text',
      adopted_revision: 'int?',
      latest_revision: 'int',
      created_at: 'int',
      closed_at: 'int?',
    },
    key: ['number'],
  },
  order_revisions: {
    columns: {
      order_number: 'text',
      revision: 'int',
      act: 'text',
      payload: 'text',
      digest: 'text',
      proposer: 'text',
      state: 'text',
      proposed_at: 'int',
      adopted_at: 'int?',
      listed_in: 'int?',
    },
    key: ['order_number', 'revision'],
    references: [[['order_number'], 'orders', ['number']]],
    indexes: [['state', 'order_number']],
  },
  order_approvals: {
    columns: {
      order_number: 'text',
      revision: 'int',
      person_id: 'text',
      keyid: 'text',
      signature: 'text',
      stub_signature: 'text?',
      approved_at: 'int',
    },
    key: ['order_number', 'revision', 'keyid'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
  },
  order_exemptions: {
    columns: {
      order_number: 'text',
      revision: 'int',
      device_id: 'text',
      salt: 'text',
      commitment: 'text',
      until: 'int?',
      reason: 'text?',
    },
    key: ['order_number', 'revision', 'device_id'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
    indexes: [['device_id']],
  },
  order_executions: {
    columns: { sequence: 'serial', order_number: 'text', revision: 'int', state: 'text', at: 'int' },
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
    indexes: [['order_number', 'sequence']],
  },
  order_reached: {
    columns: { order_number: 'text', device_id: 'text', revision: 'int' },
    key: ['order_number', 'device_id'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
    byKey: true,
  },
  order_reached_whole: {
    columns: { order_number: 'text', revision: 'int', at: 'int' },
    key: ['order_number', 'revision'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
  },
  device_exits: {
    columns: {
      device_id: 'text',
      generation: 'int',
      order_number: 'text',
      revision: 'int',
      outcome: 'text',
      at: 'int',
      destroyed: 'text',
      salt: 'text',
    },
    key: ['device_id', 'generation'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
    indexes: [['order_number', 'device_id']],
  },
  exit_awaited: {
    columns: {
      order_number: 'text',
      revision: 'int',
      device_id: 'text',
      generation: 'int',
      since: 'int',
      seen: 'int',
    },
    key: ['order_number', 'revision', 'device_id', 'generation'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
    byKey: true,
  },
  order_documents: {
    columns: {
      sha256: 'text',
      media_type: 'text',
      size: 'int',
      sealed: 'text',
      uploaded_by: 'text',
      uploaded_at: 'int',
      named: 'int',
    },
    key: ['sha256'],
    indexes: [['named', 'uploaded_at']],
  },
  order_decisions: {
    columns: { commitment: 'text', order_number: 'text', revision: 'int', sealed: 'text' },
    key: ['commitment'],
    references: [[['order_number', 'revision'], 'order_revisions', ['order_number', 'revision']]],
  },
  approver_roots: {
    columns: {
      version: 'int',
      payload: 'text',
      signatures: 'text',
      state: 'text',
      proposed_at: 'int',
      adopted_at: 'int?',
    },
    key: ['version'],
    indexes: [['state', 'version']],
  },
  order_lists: {
    columns: { version: 'int', envelope: 'text', hash: 'text', issued_at: 'int', expires_at: 'int' },
    key: ['version'],
    indexes: [['issued_at', 'version']],
  },
  device_records: {
    columns: { device_id: 'text', version: 'int', envelope: 'text', issued_at: 'int' },
    key: ['device_id'],
  },
  receipts: {
    columns: {
      device_id: 'text',
      generation: 'int',
      seq: 'int',
      kind: 'text',
      list_version: 'int',
      order_number: 'text?',
      revision: 'int?',
      service: 'text?',
      gate: 'text?',
      notice: 'text?',
      at: 'int',
      stored_at: 'int',
      envelope: 'text',
      verified: 'int',
    },
    key: ['device_id', 'generation', 'seq'],
  },

  ledger_leaves: {
    columns: { id: 'serial', leaf_index: 'int?', kind: 'text', at: 'int', body: 'text', hash: 'text' },
    unique: [['leaf_index']],
    indexes: [['hash']],
  },
  ledger_openings: {
    columns: { leaf_id: 'int', salt: 'text', subject: 'text' },
    key: ['leaf_id'],
    references: [[['leaf_id'], 'ledger_leaves', ['id']]],
  },
  ledger_hashes: { columns: { level: 'int', position: 'int', hash: 'text' }, key: ['level', 'position'] },
  checkpoints: { columns: { size: 'int', note: 'text', at: 'int' }, key: ['size'] },

  evidence_packs: { columns: { id: 'text', order_number: 'text', made_by: 'text', made_at: 'int' }, key: ['id'] },
  pack_devices: {
    columns: { pack: 'text', handle: 'text', device_id: 'text' },
    key: ['pack', 'handle'],
    references: [[['pack'], 'evidence_packs', ['id']]],
    byKey: true,
  },
};

/** Kinds that may stand twice are told apart by an index with a condition or an expression, which both dialects know. */
const SPECIAL = [
  sql`create unique index role_grants_once on role_grants
      (account_id, role, (coalesce(group_id, '')), (coalesce(area, '')))`,
  sql`create unique index ip_databases_one_active on ip_databases (active) where active = 1`,
  sql`create index device_history_over on device_history (until_at) where until_at is not null`,
  sql`create index group_history_over on group_history (until_at) where until_at is not null`,
  sql`create index ledger_leaves_waiting on ledger_leaves (id) where leaf_index is null`,
  // A handful among many certificates; see \`PackStore.orderLeaves\`, which says the same.
  sql`create index ledger_leaves_of_orders on ledger_leaves (leaf_index) where kind in
      ('order.revision', 'order.approval', 'order.adopted', 'order.executed', 'order.exited', 'order.list', 'approvers.adopted')`,
  // Not by state: without statistics SQLite would take such an index for a device's queue too.
  // Few rows are found by these columns, and the others cost nothing.
  sql`create index devices_by_home on devices (home, id) where home is not null`,
  sql`create index devices_by_seat on devices (seat, id) where seat is not null`,
  sql`create index devices_by_stated_home on devices (stated_home, id) where stated_home is not null`,
  sql`alter table devices add column located bigint not null default 0`,
  sql`create index devices_never_located on devices (status, id) where located = 0`,
  sql`create index certificates_revoked on certificates (not_after) where revoked_at is not null`,
  sql`create index commands_over on commands (finished_at) where finished_at is not null`,
  sql`create index commands_open on commands (expires_at) where finished_at is null`,
  // A receipt stands in one of them: what waits for verification, and what is evidence, with all that is counted of it.
  sql`create index receipts_waiting on receipts (stored_at) where verified = 0`,
  sql`create index receipts_verified on receipts
      (order_number, kind, device_id, generation, service, revision, at) where verified = 1`,
  sql`create index receipts_noticed on receipts
      (order_number, device_id, notice, kind, revision, generation, at) where verified = 1 and notice is not null`,
  sql`create index device_presence_connected on device_presence (device_id) where connected = 1`,
];

export function spine(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await createTables(db, dialect, TABLES);
      for (const statement of SPECIAL) await statement.execute(db);
    },
  };
}
