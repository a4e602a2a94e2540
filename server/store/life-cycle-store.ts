/** Store of admins' marks on devices: missing, retired, and labels. */
import { sql } from 'kysely';
import { MOST_LABELS } from '../../shared/devices/labels.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, deviceIdSchema, groupIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import type { ActionFacts } from '../devices/bulk-actions.ts';
import type { Ended, LifeCycleStore as Port } from '../devices/ports.ts';
import type { Scope } from '../devices/scope.ts';
import type { WorkspaceState } from '../devices/workspace.ts';
import { areaOf } from './area-column.ts';
import { insertOf, tableOf } from './bulk.ts';
import { markFacts } from './changed-facts.ts';
import type { Database, Tx } from './database.ts';
import { LABELS, labelsOf } from './device-labels.ts';
import { SCOPE_GROUPS, scopeGroupsOf, withinScope } from './device-scope.ts';
import { endDevice, statementOf } from './device-store.ts';
import { LOST } from './lost-mode-condition.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

export class LifeCycleStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, ActionFacts>> {
    const { rows } = await sql<{
      id: string;
      status: ActionFacts['status'];
      person_id: string;
      mail_connector: number | null;
      missing_since: number | null;
      retired_at: number | null;
      workspace: WorkspaceState | null;
      under_hold: 0 | 1;
      lost: 0 | 1;
      labels: string | null;
      home: string | null;
      seat: string | null;
      group_id: string;
      group_home: string | null;
      group_seat: string | null;
      statement: string | null;
      scope_groups: string | null;
      member_of: string | null;
      person_groups: string | null;
    }>`
      select devices.id, devices.person_id, devices.mail_connector, devices.status, devices.missing_since, devices.retired_at, w.state as workspace,
        case when ${UNDER_LEGAL_HOLD} then 1 else 0 end as under_hold, case when ${LOST} then 1 else 0 end as lost,
        ${LABELS} as labels,
        devices.home, devices.seat, devices.group_id, g.home as group_home, g.seat as group_seat, devices.statement,
        ${SCOPE_GROUPS} as scope_groups,
        (select string_agg(m.group_id, ' ') from group_members m where m.device_id = devices.id) as member_of,
        (select string_agg(p.group_id, ' ') from person_groups p where p.person_id = devices.person_id) as person_groups
      from ${tableOf(['text'], rowsOf(devices))} as v
      cross join devices
      left join groups g on g.id = devices.group_id
      left join device_workspaces w on w.device_id = devices.id and w.generation = devices.generation
      where devices.id = v.column1`.execute(this.#database.db);
    return new Map(
      rows.map((row) => {
        const id = deviceIdSchema.parse(row.id);
        return [
          id,
          {
            id,
            status: row.status,
            workspace: row.workspace ?? 'open',
            missing: row.missing_since !== null,
            retired: row.retired_at !== null,
            underLegalHold: row.under_hold === 1,
            person: personIdSchema.parse(row.person_id),
            mailConnector: row.mail_connector === 1,
            lost: row.lost === 1,
            labels: labelsOf(row.labels),
            own: { home: areaOf(row.home), seat: areaOf(row.seat) },
            group: {
              id: groupIdSchema.parse(row.group_id),
              home: areaOf(row.group_home),
              seat: areaOf(row.group_seat),
            },
            statement: statementOf(row.statement),
            scopeGroups: scopeGroupsOf(row.group_id, row.scope_groups),
            memberOf: row.member_of?.split(' ') ?? [],
            personGroups: row.person_groups?.split(' ') ?? [],
          },
        ];
      }),
    );
  }

  setMissing(devices: readonly DeviceId[], since: number | null): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const { rows } = await sql<{ id: string }>`
        update devices set missing_since = ${since}
        where id in (select column1 from ${tableOf(['text'], rowsOf(devices))} as v) and status = 'active'
          and missing_since ${since === null ? sql`is not null` : sql`is null`}
        returning id`.execute(tx);
      await markFacts(
        tx,
        rows.map(({ id }) => id),
        'device',
      );
      return rows.length;
    });
  }

  async rename(device: DeviceId, name: string | null): Promise<void> {
    const { db } = this.#database;
    if (name === null) await db.deleteFrom('display_names').where('device_id', '=', device).execute();
    else {
      await db
        .insertInto('display_names')
        .values({ device_id: device, name })
        .onConflict((conflict) => conflict.column('device_id').doUpdateSet({ name }))
        .execute();
    }
  }

  async displayName(device: DeviceId): Promise<string | null> {
    const row = await this.#database.db
      .selectFrom('display_names')
      .select('name')
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row?.name ?? null;
  }

  async labels(scope: Scope, most: number): Promise<{ label: string; devices: number }[]> {
    const from =
      scope === null ? sql`device_labels l` : sql`device_labels l inner join devices on devices.id = l.device_id`;
    const { rows } = await sql<{ label: string; devices: number }>`
      select l.label, count(*) as devices from ${from} where ${withinScope(scope)}
      group by l.label order by count(*) desc, l.label limit ${most}`.execute(this.#database.db);
    return rows;
  }

  changeLabels(devices: readonly DeviceId[], add: readonly string[], remove: readonly string[]): Promise<void> {
    const pairs = (labels: readonly string[]) => devices.flatMap((device) => labels.map((label) => [device, label]));
    return this.#database.transaction(async (tx) => {
      const inserted = insertOf('device_labels', { device_id: 'text', label: 'text' }, pairs(add));
      await sql`${inserted} on conflict (device_id, label) do nothing`.execute(tx);
      await sql`delete from device_labels where (device_id, label) in
        (select column1, column2 from ${tableOf(['text', 'text'], pairs(remove))} as v)`.execute(tx);
      await requireFewLabels(tx, devices, add);
      await markFacts(tx, devices, 'labels');
    });
  }

  retire(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await endDevice(tx, id, ended, entry);
      const { numUpdatedRows } = await tx
        .updateTable('devices')
        .set({ retired_at: ended.at })
        .where('id', '=', id)
        .where('status', '<>', 'active')
        .where('retired_at', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }
}

const rowsOf = (devices: readonly DeviceId[]) => devices.map((device) => [device]);

/** Another admin may have added labels since the server decided, so the limit is checked again inside the transaction. */
async function requireFewLabels(tx: Tx, devices: readonly DeviceId[], add: readonly string[]): Promise<void> {
  if (add.length === 0) return;
  const { rows } = await sql<{ device_id: string }>`
    select l.device_id from ${tableOf(['text'], rowsOf(devices))} as v cross join device_labels l
    where l.device_id = v.column1 group by l.device_id having count(*) > ${MOST_LABELS} limit 1`.execute(tx);
  const [first] = rows;
  if (!first) return;
  const detail = `A device has at most ${MOST_LABELS} labels. Remove labels of ${first.device_id} first. Nothing was changed.`;
  throw new CordonError('conflict', detail, { device: first.device_id, limit: MOST_LABELS });
}
