/**
 * The fleet: who a certificate is, what is known of each device, which group it is in, whether it is connected, and how it ends.
 * It decides nothing about service: that is `orders`. Sockets are the gateway's; this module only counts and fences them.
 */
import { z } from 'zod';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import { type DeviceId, type GroupId, newGroupId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { type Identity, identityOf } from './identify.ts';
import { createLapsing } from './lapsing.ts';
import {
  type Connected,
  DEVICE_SORTS,
  type Device,
  type DeviceFilter,
  type DeviceSort,
  type DeviceStore,
  type DeviceUpdate,
  type Ended,
  type Group,
  type GroupStore,
  type NewAlarm,
  type PresenceStore,
  type Seen,
  type Session,
  type Sighted,
  type Statement,
} from './ports.ts';
import { inScope, type Scope } from './scope.ts';

/** Whoever keeps something that follows from a device's home, seat, group or statement: its ties, its signed record. */
export interface DeviceFollowers {
  /** Idempotent. Called after the change is stored; when it fails the admin is told and repeats the change. */
  deviceChanged(device: DeviceId): Promise<void>;
}

/** For other modules whose records belong to groups. */
export { inScope, type Scope } from './scope.ts';

/** RFC 5280, section 5.3.1, as far as an admin has a use for it. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** What is left out stays as it is. */
export interface DeviceChange extends Omit<DeviceUpdate, 'statement'> {
  readonly statement?: Omit<Statement, 'at'> | null;
}

export const MAX_PAGE = 200;

export interface ListDevices {
  readonly filter?: DeviceFilter;
  readonly scope: Scope;
  readonly sort?: DeviceSort;
  readonly descending?: boolean;
  readonly cursor?: string | null;
  /** A place in the whole list, instead of a cursor. */
  readonly offset?: number;
  readonly limit?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it back for the next page; null at the end. */
  readonly cursor: string | null;
  /** How many there are, whatever the page. */
  readonly total: number;
}

const cursorSchema = z.strictObject({
  sort: z.enum(DEVICE_SORTS),
  descending: z.boolean(),
  value: z.union([z.string(), z.number()]),
  id: z.string(),
});
type Cursor = z.infer<typeof cursorSchema>;

export interface DevicesPorts {
  readonly store: DeviceStore;
  readonly groups: GroupStore;
  readonly presence: PresenceStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly followers: DeviceFollowers;
}

export type Devices = ReturnType<typeof createDevices>;

export function createDevices({ store, groups, presence, bus, clock, followers }: DevicesPorts) {
  const lapsing = createLapsing({ store, clock, lapsed: changed });

  /** At each upgrade and each request of the device listener. `now` is real time, `fingerprint` SHA-256 of the DER in lower-case hex. */
  async function identify(fingerprint: string, now: number): Promise<Identity> {
    const identity = identityOf(await store.certificate(fingerprint), now);
    // The device has shown that it holds the renewed key: from here on the old one is nobody's.
    if (identity.certificate.renews) await store.supersedeOlder(identity.certificate, now);
    return identity;
  }

  async function get(id: DeviceId, scope: Scope = null): Promise<Device> {
    const device = await store.get(id);
    if (!device) throw unknownDevice(id);
    if (!inScope(scope, { group: device.group.id, home: device.home })) {
      throw new CordonError('out_of_scope', 'Your role does not reach this device.', { device: id });
    }
    return device;
  }

  async function list(query: ListDevices): Promise<Page<Device>> {
    const { filter = {}, scope, sort = 'user', descending = false, offset = 0 } = query;
    const after = query.cursor ? readCursor(query.cursor, sort, descending) : null;
    const limit = Math.min(Math.max(1, query.limit ?? 50), MAX_PAGE);
    const place = { sort, descending, after, offset, limit: limit + 1 };
    const { devices, total } = await store.list({ filter, scope, now: clock.now(), ...place });
    const items = devices.slice(0, limit);
    const last = items.at(-1);
    const more = devices.length > limit && last;
    return {
      items,
      cursor: more ? writeCursor({ sort, descending, value: sortValue(last, sort), id: last.id }) : null,
      total,
    };
  }

  /** Devices to act on at once. One that is named and out of reach is refused, and with it the whole; a filter stays within reach. */
  async function reached(wanted: readonly DeviceId[] | DeviceFilter, scope: Scope): Promise<readonly DeviceId[]> {
    if (!isNamed(wanted)) return store.all({ filter: { ...wanted, status: 'active' }, scope, now: clock.now() });
    if (scope === null) return wanted;
    const inside = new Set(await store.within(wanted, scope));
    const beyond = wanted.filter((device) => !inside.has(device));
    if (beyond.length === 0) return wanted;
    const detail = `Your role does not reach ${beyond.length} of these devices: nothing was done.`;
    throw new CordonError('out_of_scope', detail, { devices: beyond.slice(0, 10) });
  }

  async function update(id: DeviceId, { statement, ...rest }: DeviceChange): Promise<Device> {
    const at = clock.now();
    if (statement) requireSound(statement, at);
    const change = statement === undefined ? rest : { ...rest, statement: statement && { ...statement, at } };
    if (!(await store.update(id, change, at))) throw notActive(await get(id));
    await changed(id);
    if (statement) lapsing.schedule(statement.until);
    return get(id);
  }

  async function changed(device: DeviceId): Promise<void> {
    await followers.deviceChanged(device);
    bus.publish({ kind: 'device', device });
  }

  async function end(id: DeviceId, status: Ended['status'], reason: RevocationReason): Promise<Device> {
    const at = clock.now();
    const code = REVOCATION_REASONS[reason];
    const leaf = (serial: string): LeafDraft<'certificate.revoked'> => ({
      kind: 'certificate.revoked',
      at,
      subject: id,
      public: { serial, reason: code },
    });
    const changed = await store.end(id, { status, at, realAt: Date.now(), reason: code }, leaf);
    const device = await get(id);
    if (!changed && device.status !== status) throw notActive(device);
    // Also when nothing changed: a wake may have been lost, and closing sockets twice does no harm.
    bus.publish({ kind: 'ended', device: id });
    return device;
  }

  async function createGroup(group: { name: string; home: AreaCode | null; seat: AreaCode | null }): Promise<Group> {
    const made = { id: newGroupId(), ...group, createdAt: clock.now() };
    await groups.insertGroup(made);
    bus.publish({ kind: 'devices' });
    return made;
  }

  async function getGroup(id: GroupId): Promise<Group> {
    const group = await groups.group(id);
    if (!group) throw unknownGroup(id);
    return group;
  }

  async function updateGroup(
    id: GroupId,
    change: { name?: string; home?: AreaCode | null; seat?: AreaCode | null },
  ): Promise<Group> {
    if (!(await groups.updateGroup(id, change, clock.now()))) throw unknownGroup(id);
    if (change.home !== undefined || change.seat !== undefined) {
      for (const device of await groups.devicesOf(id)) await changed(device);
    }
    bus.publish({ kind: 'devices' });
    return getGroup(id);
  }

  async function deleteGroup(id: GroupId): Promise<void> {
    if (!(await groups.deleteGroup(id, clock.now()))) throw unknownGroup(id);
    bus.publish({ kind: 'devices' });
  }

  /** Opens a session: its epoch fences every older socket of the device. Register the socket first, so that no `ended` is missed. */
  async function connected(device: Omit<Connected, 'at'>) {
    const at = clock.now();
    const opened = await presence.connected(
      { ...device, at },
      {
        at,
        device: device.device,
        code: 'taken_over',
        detail:
          'A second connection with the same identity took over. If this repeats, the device may have been copied: revoke it.',
      },
    );
    if (!opened) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again.', {
        device: device.device,
      });
    }
    bus.publish({ kind: 'opened', device: device.device, epoch: opened.epoch });
    if (opened.tookOver) bus.publish({ kind: 'alarms' });
    return opened;
  }

  /** Resolves once it is durable, so `reports` may be acknowledged then. */
  async function seen(session: Session, what: Omit<Seen, 'at'> = {}): Promise<void> {
    await presence.seen(session, { ...what, at: clock.now() });
    // That it was heard of again is no news to anybody; that it holds another list is.
    if (what.list !== undefined) bus.publish({ kind: 'devices' });
  }

  /** No news to anybody: each of them asks every few minutes. */
  function sighted(device: Omit<Sighted, 'at'>): Promise<void> {
    return presence.sighted({ ...device, at: clock.now() });
  }

  async function disconnected(session: Session): Promise<void> {
    await presence.disconnected(session, clock.now());
    bus.publish({ kind: 'devices' });
  }

  async function putInventory(device: DeviceId, inventory: Inventory): Promise<void> {
    await presence.putInventory(device, inventory);
    bus.publish({ kind: 'devices' });
  }

  async function raiseAlarm(alarm: Omit<NewAlarm, 'at'>): Promise<void> {
    await presence.raise({ ...alarm, at: clock.now() });
    bus.publish({ kind: 'alarms' });
  }

  return {
    identify,
    get,
    /** Of all its enrolments, the newest first. */
    certificates: store.certificates.bind(store),
    list,
    reached,
    update,
    /** Revoking twice is the same as once. */
    revoke: (id: DeviceId, reason: RevocationReason = 'unspecified') => end(id, 'revoked', reason),
    unenrol: (id: DeviceId) => end(id, 'unenrolled', 'cessationOfOperation'),

    groups: () => groups.groups(),
    getGroup,
    createGroup,
    updateGroup,
    deleteGroup,

    connected,
    disconnected,
    seen,
    sighted,
    /** At start, before the listeners: no socket of an earlier process is left. */
    resetPresence: () => presence.reset(clock.now()),
    /** At start: ends the statements that lapsed meanwhile, and each later one at its time. Returns what stops it. */
    keepLapsing: lapsing.keep,

    putInventory,
    inventory: presence.inventory.bind(presence),
    raiseAlarm,
    alarms: ({ scope, device = null, before = null, grave = false, limit = 50 }: AlarmsQuery) =>
      presence.alarms({ scope, device, before, grave, limit: Math.min(Math.max(1, limit), MAX_PAGE) }),
  };
}

const isNamed = (wanted: readonly DeviceId[] | DeviceFilter): wanted is readonly DeviceId[] => Array.isArray(wanted);

export interface AlarmsQuery {
  readonly scope: Scope;
  readonly device?: DeviceId | null;
  readonly before?: number | null;
  /** Only alarms that may mean an attack. */
  readonly grave?: boolean;
  readonly limit?: number;
}

function sortValue(device: Device, sort: DeviceSort): string | number {
  switch (sort) {
    case 'id':
      return device.id;
    case 'user':
      return device.user;
    case 'enrolled':
      return device.enrolledAt;
    case 'seen':
      return device.presence?.lastSeenAt ?? 0;
  }
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64url');
}

function readCursor(text: string, sort: DeviceSort, descending: boolean): Cursor {
  const refuse = (cause?: unknown) =>
    new CordonError('invalid_input', 'The cursor is of another list; begin without one.', { field: 'cursor' }, cause);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw refuse(error);
  }
  const parsed = cursorSchema.safeParse(json);
  if (!parsed.success) throw refuse(parsed.error);
  const numeric = sort === 'enrolled' || sort === 'seen';
  const { data } = parsed;
  if (data.sort !== sort || data.descending !== descending || (typeof data.value === 'number') !== numeric)
    throw refuse();
  return data;
}

function requireSound({ kind, areas, until }: Omit<Statement, 'at'>, now: number): void {
  const refuse = (detail: string) => new CordonError('invalid_input', detail, { field: 'statement' });
  if (until <= now) throw refuse('A statement must hold until a later time than now.');
  if (kind === 'home' && areas.length !== 1) throw refuse('A home is one place: name one area.');
}

function unknownDevice(id: DeviceId): CordonError {
  return new CordonError('not_found', 'There is no such device.', { device: id });
}

function unknownGroup(id: GroupId): CordonError {
  return new CordonError('not_found', 'There is no such group.', { group: id });
}

function notActive({ id, status }: Device): CordonError {
  return new CordonError('conflict', `The device is ${status}: enrol it again first.`, { device: id, status });
}
