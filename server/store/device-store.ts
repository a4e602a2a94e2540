/** Devices, their groups and their certificates' standing. */
import { sql } from 'kysely';
import { z } from 'zod';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import {
  type DeviceId,
  deviceIdSchema,
  type GroupId,
  groupIdSchema,
  personIdSchema,
} from '../../shared/protocol/ids.ts';
import type {
  CertificateRow,
  Device,
  DeviceStore as DevicePort,
  DeviceQuery,
  DeviceUpdate,
  Ended,
  HeldCertificate,
  Selection,
  Statement,
} from '../devices/ports.ts';
import type { Scope } from '../devices/scope.ts';
import { areaOf } from './area-column.ts';
import { tableOf } from './bulk.ts';
import { cancelCommandsOf } from './command-store.ts';
import type { Database, Db, Tx } from './database.ts';
import { allIds, pageOfIds } from './device-list.ts';
import { withinScope } from './device-scope.ts';
import { groupedReads } from './grouped-reads.ts';
import { isHeld, UNDER_HOLD } from './held-devices.ts';
import { rememberDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { keyedQuery } from './keyed-query.ts';
import { appendLeaf } from './leaves.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import { requireInGroup } from './people-store.ts';
import type { Schema } from './schema.ts';

/** Devices that connect within so many milliseconds are looked up together, and what follows is done together too. */
const IDENTIFY_PATIENCE = 10;

export class DeviceStore implements DevicePort {
  readonly #database: Database;
  readonly #selectCertificates: ReturnType<typeof certificatesIn>;
  readonly #certificateOf = groupedReads((fingerprints: readonly string[]) => this.#readCertificates(fingerprints), {
    patience: IDENTIFY_PATIENCE,
  });
  readonly #deviceOf = groupedReads((ids: readonly DeviceId[]) => this.#readDevices(ids));

  constructor(database: Database) {
    this.#database = database;
    this.#selectCertificates = certificatesIn(database.db);
  }

  async certificate(fingerprint: string): Promise<CertificateRow | null> {
    return (await this.#certificateOf(fingerprint)) ?? null;
  }

  async #readCertificates(fingerprints: readonly string[]): Promise<Map<string, CertificateRow>> {
    const rows = await this.#selectCertificates(fingerprints);
    const read = rows.map(
      (row): CertificateRow => ({
        ...certificateOf(row),
        der: row.der,
        device: row.device_id === null ? null : deviceIdSchema.parse(row.device_id),
        issuedAt: row.issued_at,
        deviceStatus: row.device_status,
        deviceGeneration: row.device_generation,
        renews: Boolean(row.renews),
      }),
    );
    return new Map(read.map((certificate) => [certificate.fingerprint, certificate]));
  }

  async supersedeOlder({ device, generation, issuedAt }: CertificateRow, at: number): Promise<void> {
    await this.#database.db
      .updateTable('certificates')
      .set({ superseded_at: at })
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .where('issued_at', '<', issuedAt)
      .where('superseded_at', 'is', null)
      .execute();
  }

  async certificates(id: DeviceId): Promise<HeldCertificate[]> {
    const rows = await this.#database.db
      .selectFrom('certificates')
      .selectAll()
      .where('device_id', '=', id)
      .orderBy('issued_at', 'desc')
      .orderBy('serial')
      .execute();
    return rows.map(certificateOf);
  }

  async get(id: DeviceId): Promise<Device | null> {
    return (await this.#deviceOf(id)) ?? null;
  }

  async #readDevices(ids: readonly DeviceId[]): Promise<Map<DeviceId, Device>> {
    const rows = await selectDevices(this.#database.db).where('devices.id', 'in', ids).execute();
    return new Map(rows.map(deviceOf).map((device) => [device.id, device]));
  }

  async list(query: DeviceQuery): Promise<{ devices: Device[]; total: number }> {
    const page = await pageOfIds(this.#database, query);
    const ids = page.ids.map((id) => deviceIdSchema.parse(id));
    const found = ids.length === 0 ? new Map<DeviceId, Device>() : await this.#readDevices(ids);
    return { devices: ids.flatMap((id) => found.get(id) ?? []), total: page.total };
  }

  async within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]> {
    const { rows } = await sql<{ id: string }>`
      select devices.id from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v
      cross join devices where devices.id = v.column1 and ${withinScope(scope)}`.execute(this.#database.db);
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async all(selection: Selection): Promise<DeviceId[]> {
    return (await allIds(this.#database, selection)).map((id) => deviceIdSchema.parse(id));
  }

  update(id: DeviceId, { home, seat, group, statement }: DeviceUpdate, at: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      if (group !== undefined) await requireGroupOfPerson(tx, id, group);
      const { numUpdatedRows } = await tx
        .updateTable('devices')
        .set({
          // Something must be set even when nothing changes, so that the answer says whether the device is active.
          status: 'active',
          ...(home === undefined ? {} : { home }),
          ...(seat === undefined ? {} : { seat }),
          ...(group === undefined ? {} : { group_id: group }),
          ...(statement === undefined ? {} : statementColumns(statement)),
        })
        .where('id', '=', id)
        .where('status', '=', 'active')
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await rememberDevices(tx, [id], at);
      return numUpdatedRows > 0n;
    });
  }

  async nextLapse(): Promise<number | null> {
    const { at } = await this.#database.db
      .selectFrom('devices')
      .select(({ fn }) => fn.min('statement_until').as('at'))
      .executeTakeFirstOrThrow();
    return at === null ? null : Number(at);
  }

  async lapseStatements(now: number): Promise<DeviceId[]> {
    const lapsed = await this.#database.db
      .updateTable('devices')
      .set({ stated_home: null })
      .where('statement_until', '<=', now)
      .returning('id')
      .execute();
    return lapsed.map(({ id }) => deviceIdSchema.parse(id));
  }

  async forgetStatements(now: number): Promise<void> {
    await this.#database.db
      .updateTable('devices')
      .set(statementColumns(null))
      .where('statement_until', '<=', now)
      .execute();
  }

  end(id: DeviceId, ended: Ended, leaf: (serial: string) => LeafDraft<'certificate.revoked'>): Promise<boolean> {
    return this.#database.transaction((tx) => endDevice(tx, id, ended, leaf));
  }
}

/** Ends the enrolment, with its certificates and what waits for it. False when it is not active. `leaf`: null when the ledger has the entries already. */
export async function endDevice(
  tx: Tx,
  id: DeviceId,
  ended: Ended,
  leaf: ((serial: string) => LeafDraft<'certificate.revoked'>) | null,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('devices')
    .set({ status: ended.status, ended_at: ended.at, ...statementColumns(null) })
    .where('id', '=', id)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await rememberDevices(tx, [id], ended.at);
  const revoked = await tx
    .updateTable('certificates')
    .set({ revoked_at: ended.realAt, revocation_reason: ended.reason })
    .where('device_id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('serial')
    .execute();
  if (leaf) for (const { serial } of revoked) await appendLeaf(tx, leaf(serial));
  await cancelCommandsOf(tx, id, ended.realAt, `The device was ${ended.status}.`);
  if (!(await isHeld(tx, id))) await purgeMailbox(tx, id, ended.at);
  await dropKeyPackages(tx, id);
  return true;
}

function selectDevices(db: Db | Tx) {
  return db
    .selectFrom('devices')
    .innerJoin('groups', 'groups.id', 'devices.group_id')
    .leftJoin('device_presence', 'device_presence.device_id', 'devices.id')
    .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
    .selectAll('devices')
    .select(['groups.name as group_name', 'groups.home as group_home', 'groups.seat as group_seat'])
    .select(['device_inventory.hostname', 'device_inventory.platform'])
    .select(sql<0 | 1>`case when ${UNDER_HOLD} then 1 else 0 end`.as('under_hold'))
    .select([
      'device_presence.connected',
      'device_presence.changed_at',
      'device_presence.last_seen_at',
      'device_presence.address',
      'device_presence.agent',
      'device_presence.list_version',
      'device_presence.record_stored',
      'device_presence.root_version',
      'device_presence.reports_through',
    ]);
}

type DeviceRow = Awaited<ReturnType<ReturnType<typeof selectDevices>['executeTakeFirstOrThrow']>>;

function statementColumns(statement: Statement | null) {
  return {
    statement: statement && JSON.stringify(statement),
    statement_until: statement?.until ?? null,
    stated_home: statement?.kind === 'home' ? (statement.areas[0] ?? null) : null,
  };
}

const statementSchema: z.ZodType<Statement> = z.strictObject({
  kind: z.enum(['presence', 'home']),
  reason: z.string(),
  areas: z.array(z.string().transform((text) => text as AreaCode)),
  at: z.int(),
  until: z.int(),
});

function deviceOf(row: DeviceRow): Device {
  const own = { home: areaOf(row.home), seat: areaOf(row.seat) };
  return {
    id: deviceIdSchema.parse(row.id),
    generation: row.generation,
    status: row.status,
    person: personIdSchema.parse(row.person_id),
    user: row.user_name,
    group: { id: groupIdSchema.parse(row.group_id), name: row.group_name },
    home: areaOf(row.stated_home) ?? own.home ?? areaOf(row.group_home),
    seat: own.seat ?? areaOf(row.group_seat),
    own,
    statement: row.statement === null ? null : statementSchema.parse(JSON.parse(row.statement)),
    underHold: row.under_hold === 1,
    enrolledAt: row.enrolled_at,
    endedAt: row.ended_at,
    recordVersion: row.record_version,
    hostname: row.hostname,
    platform: row.platform,
    presence:
      row.connected === null
        ? null
        : {
            connected: row.connected === 1,
            changedAt: row.changed_at ?? 0,
            lastSeenAt: row.last_seen_at ?? 0,
            address: row.address,
            agent: row.agent,
            listVersion: row.list_version ?? 0,
            recordStored: row.record_stored ?? 0,
            rootVersion: row.root_version ?? 0,
            reportsThrough: row.reports_through ?? 0,
          },
  };
}

async function requireGroupOfPerson(tx: Tx, id: DeviceId, group: GroupId): Promise<void> {
  const known = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
  if (!known) throw new CordonError('not_found', 'There is no such group.', { group });
  const device = await tx
    .selectFrom('devices')
    .select(['person_id', 'group_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (device && device.group_id !== group) await requireInGroup(tx, device.person_id, group);
}

function certificateOf(row: Schema['certificates']): HeldCertificate {
  return {
    serial: row.serial,
    fingerprint: row.fingerprint,
    profile: row.profile,
    generation: row.generation,
    notBefore: row.not_before,
    notAfter: row.not_after,
    revokedAt: row.revoked_at,
    supersededAt: row.superseded_at,
  };
}

/** With whom each certificate belongs to now, and whether it takes the place of an older one that is still good. */
const certificatesIn = (db: Db) =>
  keyedQuery(db, (fingerprints) =>
    db
      .selectFrom('certificates as c')
      .leftJoin('devices as d', 'd.id', 'c.device_id')
      .selectAll('c')
      .select(['d.status as device_status', 'd.generation as device_generation'])
      .select((eb) =>
        eb
          .exists(
            eb
              .selectFrom('certificates as older')
              .select('older.serial')
              .whereRef('older.device_id', '=', 'c.device_id')
              .whereRef('older.generation', '=', 'c.generation')
              .whereRef('older.issued_at', '<', 'c.issued_at')
              .where('older.superseded_at', 'is', null),
          )
          .as('renews'),
      )
      .where('c.fingerprint', 'in', fingerprints),
  );
