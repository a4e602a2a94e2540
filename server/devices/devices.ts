/**
 * All devices of the installation: identities, inventory, groups, presence, and the end of a device's enrollment. The module `orders`
 * decides which services a device may use, and the gateway manages the sockets.
 */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createAlerts } from './alerts.ts';
import { type Advance, createBulkChanges } from './bulk-changes.ts';
import { type ListDevices, pageOfDevices } from './device-pages.ts';
import { createDeviceViews } from './device-views.ts';
import { createGroups } from './groups.ts';
import { type Identity, identityOf } from './identity.ts';
import { type LocationOverride, locationEntry } from './location-entry.ts';
import type {
  AlertStore,
  CertificateStore,
  Device,
  DeviceFilter,
  DeviceStore,
  DeviceUpdate,
  DeviceViewStore,
  Ended,
  GroupStore,
  LifeCycleStore,
  PresenceStore,
  Statement,
  StatementStore,
} from './ports.ts';
import { createPresence } from './presence.ts';
import { createRecordActions } from './record-actions.ts';
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reasons.ts';
import { inScope, type Scope } from './scope.ts';
import { createStatementExpiry } from './statement-expiry.ts';
import { stepsOf } from './steps.ts';

/**
 * Functions of other modules that update data derived from a device's home, legal seat, group or location statement, such as the signed
 * device record.
 */
export interface DeviceFollowers {
  /**
   * Updates derived data after a device's change is stored. The function is idempotent, because the admin repeats the change if the
   * function fails.
   */
  deviceChanged(device: DeviceId): Promise<void>;
}

export {
  type ActionFacts,
  assess,
  type BulkAction,
  type MembershipAction,
  type NewOwner,
  type PlacingAction,
  type RecordAction,
  type RefusalReason,
  refusalGroups,
  refusalText,
} from './bulk-actions.ts';
export type { Advance } from './bulk-changes.ts';
export type { ListDevices } from './device-pages.ts';
export { changedPlacement } from './placement.ts';
export type { DeviceFilter, DeviceName } from './ports.ts';
export type { RevocationReason } from './revocation-reasons.ts';
export { inScope, type Scope } from './scope.ts';
export { stepsOf } from './steps.ts';
export { workspaceEventOf } from './workspace.ts';

/** Change of a device by an admin. Absent fields keep their values. */
export interface DeviceChange extends Omit<DeviceUpdate, 'statement'> {
  readonly statement?: Omit<Statement, 'at'> | null;
  readonly override?: LocationOverride;
}

export interface DevicesPorts {
  readonly store: DeviceStore;
  readonly certificates: CertificateStore;
  readonly statements: StatementStore;
  readonly groups: GroupStore;
  readonly presence: PresenceStore;
  readonly alerts: AlertStore;
  readonly views: DeviceViewStore;
  readonly lifeCycle: LifeCycleStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly followers: DeviceFollowers;
}

/** Number of changed devices whose derived data are updated together, so that their device records share a transaction. */
const FOLLOWED_TOGETHER = 50;

export type Devices = ReturnType<typeof createDevices>;

export function createDevices(ports: DevicesPorts) {
  const { store, certificates, statements, groups, presence, alerts, views, lifeCycle, bus, clock, followers } = ports;
  const statementExpiry = createStatementExpiry({ store: statements, clock, ended: changed });

  /**
   * Identifies a device by its certificate, at each WebSocket upgrade and each HTTPS request. `now`: system time. `fingerprint`: SHA-256 of
   * the certificate's DER encoding, in lower-case hex.
   */
  async function identify(fingerprint: string, now: number): Promise<Identity> {
    const identity = identityOf(await certificates.certificate(fingerprint), now);
    // The device has used its renewed certificate for the first time, so the older certificate becomes invalid.
    if (identity.certificate.renews) await certificates.supersedeOlder(identity.certificate, now);
    return identity;
  }

  async function get(id: DeviceId, scope: Scope = null): Promise<Device> {
    const device = await store.get(id);
    if (!device) throw unknownDevice(id);
    if (!inScope(scope, { groups: device.scopeGroups, home: device.home })) {
      throw new CordonError('out_of_scope', 'Your role does not include this device.', { device: id });
    }
    return device;
  }

  /**
   * Devices for an admin's action. Throws `out_of_scope` if a listed device is outside the admin's scope. A filter selects only devices
   * within the scope. `addresses`: scope in which a search also compares network addresses, as the list does; default: nowhere. `ended`:
   * whether a filter also selects devices without an enrollment.
   */
  async function select(
    selection: readonly DeviceId[] | DeviceFilter,
    scope: Scope,
    { addresses = [], ended = false }: { readonly addresses?: Scope; readonly ended?: boolean } = {},
  ): Promise<readonly DeviceId[]> {
    if (!isNamed(selection)) {
      const filter: DeviceFilter = ended ? selection : { ...selection, status: 'active' };
      return store.all({ filter, scope, addresses, now: clock.now() });
    }
    if (scope === null) return selection;
    const inside = new Set(await within(selection, scope));
    const beyond = selection.filter((device) => !inside.has(device));
    if (beyond.length === 0) return selection;
    const detail = `Your role does not include ${beyond.length} of these devices, so nothing was changed.`;
    throw new CordonError('out_of_scope', detail, { devices: beyond.slice(0, 10) });
  }

  /** Devices within the scope, among the given ones. */
  async function within(ids: readonly DeviceId[], scope: Scope): Promise<readonly DeviceId[]> {
    if (scope === null) return ids;
    const inside: DeviceId[] = [];
    for await (const some of stepsOf(ids)) inside.push(...(await store.within(some, scope)));
    return inside;
  }

  async function update(id: DeviceId, { statement, override, ...rest }: DeviceChange): Promise<Device> {
    const at = clock.now();
    if (statement) requireSound(statement, at);
    const change = statement === undefined ? rest : { ...rest, statement: statement && { ...statement, at } };
    const entry = override ? locationEntry(id, statement, override, at) : null;
    if (!(await store.update(id, change, at, entry))) throw notActive(await get(id));
    await changed(id);
    if (statement) statementExpiry.schedule(statement.until);
    return get(id);
  }

  /**
   * Makes the same change on many devices in steps, and returns the number of changed devices. A device that is no longer active, or whose
   * user left the new group, stays as it is. A crash loses at most the present step, and a repeated change affects only the devices that
   * are left. `overrides`: orders whose effect the change alters, by device.
   */
  async function updateAll(
    devices: readonly DeviceId[],
    { statement, ...rest }: Omit<DeviceChange, 'override'>,
    overrides: ReadonlyMap<DeviceId, LocationOverride>,
    advance: Advance,
  ): Promise<number> {
    const at = clock.now();
    if (statement) requireSound(statement, at);
    const change = statement === undefined ? rest : { ...rest, statement: statement && { ...statement, at } };
    let updated = 0;
    for await (const some of stepsOf(devices)) {
      const entries = new Map(
        some.flatMap((id) => {
          const override = overrides.get(id);
          return override ? [[id, locationEntry(id, statement, override, at)] as const] : [];
        }),
      );
      const ids = await store.updateAll(some, change, at, entries);
      for await (const together of stepsOf(ids, FOLLOWED_TOGETHER)) await Promise.all(together.map(changed));
      updated += ids.length;
      advance(some.length);
    }
    if (statement) statementExpiry.schedule(statement.until);
    return updated;
  }

  async function changed(device: DeviceId): Promise<void> {
    await followers.deviceChanged(device);
    bus.publish({ kind: 'device', device });
  }

  /** End of an enrollment, and the ledger entry for each certificate that it revokes. */
  function ending(id: DeviceId, status: Ended['status'], reason: RevocationReason) {
    const at = clock.now();
    const code = REVOCATION_REASONS[reason];
    const entry = (serial: string): EntryDraft<'certificate.revoked'> => ({
      kind: 'certificate.revoked',
      at,
      subject: id,
      public: { serial, reason: code },
    });
    return { ended: { status, at, realAt: Date.now(), reason: code }, entry };
  }

  async function end(id: DeviceId, status: Ended['status'], reason: RevocationReason): Promise<Device> {
    const { ended, entry } = ending(id, status, reason);
    const changed = await store.end(id, ended, entry);
    const device = await get(id);
    if (!changed && device.status !== status) throw notEnded(device);
    // Publish the notification even if the device had already ended, because the earlier notification may have been lost. Closing a
    // connection twice does no harm.
    bus.publish({ kind: 'ended', device: id });
    return device;
  }

  const recordActions = createRecordActions({
    store: lifeCycle,
    bus,
    clock,
    retire(id) {
      const { ended, entry } = ending(id, 'revoked', 'cessationOfOperation');
      return lifeCycle.retire(id, ended, entry);
    },
    revoke(id, reason) {
      const { ended, entry } = ending(id, 'revoked', reason);
      return store.end(id, ended, entry);
    },
  });

  return {
    identify,
    get,
    assess: recordActions.assess,
    perform: recordActions.perform,
    placements: recordActions.placements,
    certificates: certificates.certificates.bind(certificates),
    names: store.names.bind(store),
    named: store.named.bind(store),
    within,
    bulkChanges: createBulkChanges(),
    actionFacts: lifeCycle.facts.bind(lifeCycle),
    list: (query: ListDevices) => pageOfDevices(store, query, clock.now()),
    /** All devices of a list in batches, for the export to a file. */
    batches: ({ filter = {}, sort = 'user', descending = false, ...query }: Omit<ListDevices, 'limit'>) =>
      store.batches({ ...query, filter, sort, descending, now: clock.now() }),
    select,
    update,
    updateAll,
    async rename(id: DeviceId, name: string | null): Promise<Device> {
      await lifeCycle.rename(id, name);
      bus.publish({ kind: 'device-name', device: id });
      bus.publish({ kind: 'devices' });
      return get(id);
    },
    labels: lifeCycle.labels.bind(lifeCycle),
    displayName: (id: DeviceId) => lifeCycle.displayName(id),
    revoke: (id: DeviceId, reason: RevocationReason = 'unspecified') => end(id, 'revoked', reason),
    unenroll: (id: DeviceId) => end(id, 'unenrolled', 'cessationOfOperation'),

    ...createGroups({ store: groups, bus, clock, changed }),
    ...createPresence({ store: presence, bus, clock }),
    views: createDeviceViews(views),
    ...createAlerts({ store: alerts, bus, clock }),
    startStatementExpiry: statementExpiry.start,
  };
}

const isNamed = (selection: readonly DeviceId[] | DeviceFilter): selection is readonly DeviceId[] =>
  Array.isArray(selection);

function requireSound({ kind, areas, until }: Omit<Statement, 'at'>, now: number): void {
  const refuse = (detail: string) => new CordonError('invalid_input', detail, { field: 'statement' });
  if (until <= now) throw refuse('A location statement must end at a later time than now.');
  if (kind === 'home' && areas.length !== 1) throw refuse('A home is one place: name one area.');
}

function unknownDevice(id: DeviceId): CordonError {
  return new CordonError('not_found', 'There is no such device.', { device: id });
}

function notActive({ id, status }: Device): CordonError {
  if (status === 'active') return enrolledMeanwhile(id);
  return new CordonError('conflict', `The device is ${status}. Enroll it again first.`, { device: id, status });
}

function notEnded({ id, status }: Device): CordonError {
  if (status === 'active') return enrolledMeanwhile(id);
  const detail = `The device is already ${status}, and its certificates are revoked. Nothing was changed.`;
  return new CordonError('conflict', detail, { device: id, status });
}

/** Error for a device that was not active when the store ran the action, but has enrolled again before the server read the device. */
function enrolledMeanwhile(id: DeviceId): CordonError {
  const detail =
    'The device enrolled again during this action. Nothing was changed. Check the device, and repeat the action.';
  return new CordonError('conflict', detail, { device: id, status: 'active' });
}
