/**
 * Retention periods of all records. Records outside the table are kept forever: the ledger, receipts, orders, certificates and current
 * devices. SECURITY.md has the same table, and a test compares both.
 */
import { type RawBuilder, sql } from 'kysely';
import { MOST_STORED_LISTS } from '../../shared/pack/format.ts';
import { LOG_DAYS } from '../device-logs/device-logs.ts';
import { FETCHED_DAYS } from '../files/files.ts';
import { KEY_USES } from '../person-keys/person-keys.ts';
import { DEVICES_UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

export interface RetentionPeriod {
  readonly records: string;
  readonly table: string;
  readonly key: string;
  /**
   * Length of the retention. `days`: retention period in days from `since`. `newest`, instead of `days`: number of rows to keep, newest by
   * key.
   */
  readonly days?: number;
  readonly newest?: number;
  /** SQL expression for the start of the retention period. A row is never deleted if the expression is null. */
  readonly since?: string;
  /** Condition for rows that belong to a parent row: `since` is then a column of the parent. The parent has its own entry in the table. */
  readonly parent?: { readonly column: string; readonly table: string; readonly key: string };
  /** Clock that `since` uses: the server clock (`domain`) or the machine's clock (`real`). */
  readonly time?: 'domain' | 'real';
  readonly underLegalHold?: RawBuilder<boolean>;
}

/** Default of `CORDON_ACTIVITY_DAYS`. */
export const ACTIVITY_DAYS = 400;

const ofDeviceUnderLegalHold = (column: string) =>
  sql<boolean>`coalesce(${sql.ref(column)} in ${DEVICES_UNDER_LEGAL_HOLD}, false)`;
/** A group's history is kept while a device in the group is under a legal hold. */
const OF_GROUP_UNDER_LEGAL_HOLD = sql<boolean>`group_id in (select group_id from device_history where device_id in ${DEVICES_UNDER_LEGAL_HOLD})`;

const deviceRecords = (evidenceDays: number): readonly RetentionPeriod[] => [
  {
    records: "evidence of devices' locations",
    table: 'evidence',
    key: 'id',
    since: 'at',
    days: evidenceDays,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: "a device's assignments, from their change",
    table: 'device_history',
    key: 'id',
    since: 'until_at',
    days: evidenceDays,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: "a group's name, home area and seat, from their change",
    table: 'group_history',
    key: 'id',
    since: 'until_at',
    days: evidenceDays,
    time: 'domain',
    underLegalHold: OF_GROUP_UNDER_LEGAL_HOLD,
  },
  // The first report about a lock stores its unlock share. Without a report, the device may still be locked, and its share is derived from
  // the job.
  {
    records: 'devices of commands to many devices, from the end of the command',
    table: 'job_members',
    key: 'job, device_id',
    parent: { column: 'job', table: 'jobs', key: 'id' },
    since: 'ended_at',
    days: 400,
    time: 'real',
    underLegalHold: sql<boolean>`(${ofDeviceUnderLegalHold('device_id')}
      or waiting = 1 and exists (select 1 from jobs j where j.id = job and j.lock_secret is not null))`,
  },
  {
    records: 'commands to many devices, from their end',
    table: 'jobs',
    key: 'id',
    since: 'not exists (select 1 from job_members m where m.job = jobs.id) and ended_at',
    days: 400,
    time: 'real',
  },
  // A command of a job stays at least as long as its row in `job_members`.
  {
    records: 'finished commands',
    table: 'commands',
    key: 'id',
    since: `(request is null or not exists (
      select 1 from job_members m where m.job = commands.request and m.device_id = commands.device_id)) and finished_at`,
    days: 400,
    time: 'real',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'collected logs of agents',
    table: 'device_logs',
    key: 'command_id',
    since: 'at',
    days: LOG_DAYS,
    time: 'real',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'lost mode of devices without coordinates, from its end',
    table: 'lost_modes',
    key: 'device_id',
    since: 'ended_at',
    days: 400,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'files that were fetched from devices',
    table: 'fetched_files',
    key: 'command_id',
    since: 'at',
    days: FETCHED_DAYS,
    time: 'real',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'output of scripts',
    table: 'script_outputs',
    key: 'command_id, byte_offset',
    since: 'at',
    days: 30,
    time: 'real',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: "changes of devices' compliance",
    table: 'compliance_events',
    key: 'id',
    since: 'at',
    days: 400,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'alerts',
    table: 'alerts',
    key: 'id',
    since: 'at',
    days: 400,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
];

const ACCESS: readonly RetentionPeriod[] = [
  { records: 'sessions, from their end', table: 'sessions', key: 'hash', since: 'expires_at', days: 30, time: 'real' },
  {
    records: 'API tokens, from their end',
    table: 'api_tokens',
    key: 'id',
    since: 'expires_at',
    days: 30,
    time: 'real',
  },
  {
    records: 'invitations, from their use or end',
    table: 'invitations',
    key: 'hash',
    since: 'coalesce(used_at, expires_at)',
    days: 30,
    time: 'real',
  },
  {
    records: 'verification links, from their end',
    table: 'address_verifications',
    key: 'account_id',
    since: 'expires_at',
    days: 30,
    time: 'real',
  },
  {
    records: 'activation codes, from their use or end',
    table: 'activation_codes',
    key: 'id',
    since: 'coalesce(used_at, canceled_at, expires_at)',
    days: 30,
    time: 'real',
    underLegalHold: ofDeviceUnderLegalHold('id'),
  },
  // The period equals that of finished commands, because a confirmed action may have sent commands. The ledger keeps the hashes.
  {
    records: 'confirmations of actions by passkey',
    table: 'passkey_confirmations',
    key: 'digest',
    since: 'at',
    days: 400,
    time: 'real',
  },
];

const NOTIFIED: readonly RetentionPeriod[] = [
  {
    records: 'deliveries of notifications, from their creation',
    table: 'notification_deliveries',
    key: 'number',
    since: `case when state = 'waiting' then null else created_at end`,
    days: 90,
    time: 'real',
  },
];

const MESSAGES: readonly RetentionPeriod[] = [
  {
    records: 'results of posts that do not wait',
    table: 'post_results',
    key: 'id',
    // The result stays as long as the post waits. A sender may repeat its post during this time, and the server recognizes the repetition
    // by the result.
    since: 'not exists (select 1 from posts where posts.id = post_results.post) and at',
    days: 7,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'senders of commits, for each epoch of a conversation',
    table: 'conversation_epochs',
    key: 'conversation, epoch',
    since: 'at',
    days: 90,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  // The row of the newest epoch (version of the conversation's keys) stays as long as the conversation has a member, even without new
  // commits.
  {
    records: 'conversations without an active enrollment',
    table: 'conversations',
    key: 'conversation',
    since: `not exists (select 1 from conversation_members m join devices d on d.id = m.device_id and d.generation = m.generation
      where m.conversation = conversations.conversation and d.status = 'active') and at`,
    days: 90,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('started_by'),
  },
  {
    records: 'members of deleted conversations',
    table: 'conversation_members',
    key: 'conversation, device_id',
    since: `not exists (select 1 from conversations c where c.conversation = conversation_members.conversation) and cast(0 as bigint)`,
    days: 0,
    time: 'domain',
  },
  {
    records: 'attachments',
    table: 'attachments',
    key: 'id',
    since: 'at',
    days: 30,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
];

const MAIL: readonly RetentionPeriod[] = [
  {
    records: 'pieces that no mail names',
    table: 'mail_pieces',
    key: 'id',
    since: 'mail is null and at',
    days: 1,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'results of mails',
    table: 'mail_results',
    key: 'device_id, generation, mail_id',
    since: 'at',
    days: 30,
    time: 'domain',
    underLegalHold: ofDeviceUnderLegalHold('device_id'),
  },
  {
    records: 'number of returned mails, for each day',
    table: 'mail_returns',
    key: 'day',
    since: `day * ${86_400_000}`,
    days: 30,
    time: 'domain',
  },
];

const ORDERS: readonly RetentionPeriod[] = [
  {
    records: 'documents of instruments that no revision names',
    table: 'order_documents',
    key: 'sha256',
    since: 'named = 0 and uploaded_at',
    days: 30,
    time: 'domain',
  },
  {
    records: 'devices that an exit waits for, from the last check',
    table: 'pending_exits',
    key: 'order_number, revision, device_id, generation',
    since: 'checked_at',
    days: 30,
    time: 'domain',
  },
  { records: 'order lists', table: 'order_lists', key: 'version', newest: MOST_STORED_LISTS },
];

/**
 * Entries of the activity log. They are removed in whole batches, so that the remaining batches can still be verified. A batch with a
 * device under a legal hold stays.
 */
const activityRecords = (activityDays: number): readonly RetentionPeriod[] => {
  const batch = {
    parent: { column: 'batch', table: 'activity_batches', key: 'number' },
    since: 'to_at',
    days: activityDays,
    time: 'domain',
    underLegalHold: sql<boolean>`batch in (
      select t.batch from activity_targets t where t.kind = 'device' and t.target in ${DEVICES_UNDER_LEGAL_HOLD} and t.batch is not null)`,
  } as const;
  return [
    { records: 'entries of the activity log', table: 'activity_entries', key: 'id', ...batch },
    {
      records: 'targets of entries of the activity log',
      table: 'activity_targets',
      key: 'entry_id, kind, target',
      ...batch,
    },
  ];
};

const ofPersonUnderLegalHold = sql<boolean>`(
  person_id in (select h.person_id from legal_holds h where h.person_id is not null and h.released_at is null)
  or person_id in (select d.person_id from legal_holds h cross join devices d
    where h.device_id = d.id and h.released_at is null))`;

/** Encrypted personal records. `server/person-keys` destroys their keys after equal periods (ADR 55). */
const PERSONAL: readonly RetentionPeriod[] = [
  {
    records: 'connection log, from the end of the day of the connection',
    table: 'connection_log',
    key: 'person_id, day_end, id',
    since: 'day_end',
    days: KEY_USES.connections,
    time: 'domain',
    underLegalHold: ofPersonUnderLegalHold,
  },
  {
    records: 'creators of activation codes, from the enrollment',
    table: 'enrollment_records',
    key: 'person_id, device_id, generation',
    since: 'enrolled_at',
    days: KEY_USES.enrollments,
    time: 'domain',
    underLegalHold: ofPersonUnderLegalHold,
  },
];

/**
 * Retention periods. `evidenceDays`: days for which the data that explains past verdicts is kept. They are 32 days longer than the period
 * of explanations, because the explanation of the earliest verdict needs older data (`server/jurisdiction/past-location.ts`).
 * `activityDays`: days for which entries of the activity log are kept.
 */
export const retentionPeriods = (evidenceDays: number, activityDays = ACTIVITY_DAYS): readonly RetentionPeriod[] => [
  ...deviceRecords(evidenceDays),
  ...activityRecords(activityDays),
  ...PERSONAL,
  ...ACCESS,
  ...NOTIFIED,
  ...MESSAGES,
  ...MAIL,
  ...ORDERS,
];
