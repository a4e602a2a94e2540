/** Second of three steps that assemble the server: creates the domain modules, such as devices and orders, with their stores. */
import { join } from 'node:path';
import { pemOf } from '../../certs/key-folder.ts';
import { isCordonError } from '../../shared/errors.ts';
import { createActivity } from '../activity/activity.ts';
import { STEP_UP_WITHIN } from '../admins/action-policy.ts';
import { createActions } from '../admins/actions.ts';
import type { Admins } from '../admins/admins.ts';
import { createOrderContacts } from '../admins/order-contacts.ts';
import { createDeviceChanges } from '../bus/device-changes.ts';
import { createCommands } from '../commands/commands.ts';
import { createDeviceLogs } from '../device-logs/device-logs.ts';
import { createDevices } from '../devices/devices.ts';
import { keyInventory } from '../disclosures/disclosures.ts';
import { createEnrollment } from '../enrollment/enrollment.ts';
import { newcomerVerdict, publicAppeal } from '../enrollment/newcomer-gate.ts';
import { createRevocationList } from '../enrollment/revocation-list.ts';
import { createGroupMembers } from '../groups/groups.ts';
import { createHolds } from '../holds/holds.ts';
import { openInventories } from '../inventory/inventory.ts';
import { createIpComparison } from '../jurisdiction/ip-comparison.ts';
import { openIpDatabases } from '../jurisdiction/ip-database.ts';
import { createJurisdiction } from '../jurisdiction/jurisdiction.ts';
import { createNamedAreas } from '../jurisdiction/named-areas.ts';
import { createTerritoryPolicies } from '../jurisdiction/territory-policies.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { createOpenings } from '../ledger/openings.ts';
import { createPublication } from '../ledger/published-checkpoint.ts';
import { createLiveQueries } from '../live-queries/live-queries.ts';
import { createLostModes } from '../lost-mode/lost-mode.ts';
import { createMail } from '../mail/mail.ts';
import { createMembership } from '../membership/membership.ts';
import type { ProviderSettings } from '../openid/provider-settings.ts';
import { createPacks } from '../orders/evidence/packs.ts';
import { createOrders, type Orders } from '../orders/orders.ts';
import { createPeople } from '../people/people.ts';
import { type Continuations, openContinuations } from '../recovery/continuations.ts';
import { whySuspended } from '../recovery/ledger-suspension.ts';
import { createRecovery, type Recovery } from '../recovery/recovery.ts';
import { createStoredRecovery, type StoredRecovery } from '../recovery/stored-recovery.ts';
import { createRelay } from '../relay/relay.ts';
import { ActionStore } from '../store/action-store.ts';
import { ActivityStore } from '../store/activity-store.ts';
import { AttachmentStore } from '../store/attachment-store.ts';
import { CheckpointResponseStore } from '../store/checkpoint-response-store.ts';
import { CodeStore } from '../store/code-store.ts';
import { commandStores } from '../store/command-stores.ts';
import { ContinuationStore } from '../store/continuation-store.ts';
import { CosignatureStore } from '../store/cosignature-store.ts';
import { DeviceLogStore } from '../store/device-log-store.ts';
import { deviceStores } from '../store/device-stores.ts';
import { EnrollmentStore } from '../store/enrollment-store.ts';
import { FactReader } from '../store/fact-reader.ts';
import { GroupMemberStore } from '../store/group-member-store.ts';
import { GroupStore } from '../store/group-store.ts';
import { HoldStore } from '../store/hold-store.ts';
import { inventoryStores } from '../store/inventory-stores.ts';
import { IpDatabaseStore } from '../store/ip-database-store.ts';
import { JurisdictionStore } from '../store/jurisdiction-store.ts';
import { KeyPackageStore } from '../store/key-package-store.ts';
import type { LedgerStore } from '../store/ledger-store.ts';
import { LostModeStore } from '../store/lost-mode-store.ts';
import { mailStores } from '../store/mail-stores.ts';
import { MailboxStore } from '../store/mailbox-store.ts';
import { membershipStores } from '../store/membership-stores.ts';
import { NamedAreaStore } from '../store/named-area-store.ts';
import { OpeningStore } from '../store/opening-store.ts';
import { openOrderStores } from '../store/order-stores.ts';
import { PackRecordStore } from '../store/pack-record-store.ts';
import { PackStore } from '../store/pack-store.ts';
import { PastLocationStore } from '../store/past-location-store.ts';
import { PeopleStore } from '../store/people-store.ts';
import { PostStore } from '../store/post-store.ts';
import { ReadmissionStore } from '../store/readmission-store.ts';
import { RecoveryStore } from '../store/recovery-store.ts';
import { TerritoryPolicyStore } from '../store/territory-policy-store.ts';
import { UnlockShareStore } from '../store/unlock-share-store.ts';
import { VERSION } from '../version.ts';
import { createAccounts } from './accounts.ts';
import { createBackupSchedule } from './backup-schedule.ts';
import { CoveredAdoptionStore, CoveredLedgerStore, CoveredRevocationStore } from './covered-stores.ts';
import { connectDisclosures } from './disclosures.ts';
import type { Foundation } from './foundation.ts';
import { connectPolicies } from './policies.ts';
import { connectScripts } from './scripts.ts';
import { connectTransfers } from './transfers.ts';
import { openWitnesses, storedWitnessPolicy } from './witnesses.ts';

/**
 * Maximum milliseconds that a request waits until witnesses have cosigned its ledger entry. After that, a later request may find the
 * cosignatures.
 */
const COSIGNED_WITHIN = 3_000;

type Fleet = Awaited<ReturnType<typeof createFleet>>;
type Decisions = ReturnType<typeof createDecisions>;
type Mailer = Awaited<ReturnType<typeof createMailer>>;
export type Domain = Awaited<ReturnType<typeof createDomain>>;

export async function createDomain(base: Foundation, provider: ProviderSettings | null) {
  const { database, authority, installation, clock, bus, log } = base;
  const recoveryStore = new RecoveryStore(database);
  const restored = await recoveryStore.state();
  const storedRecovery = createStoredRecovery(recoveryStore, restored);
  const continuations = await openContinuations(new ContinuationStore(database), installation);
  const ledgerStore = new CoveredLedgerStore(database, base.mark.cover);
  const cosignatures = new CosignatureStore(database);
  const witnesses = openWitnesses(base, {
    ledgerStore,
    cosignatures,
    origin: continuations.origin,
    // If a witness knows a larger tree than a restored server, the server stores that tree. Approvers must then declare its missing entries
    // lost.
    onContradiction: (note) => recovery.examineCheckpoint(note),
  });
  const witnessPolicy = () => orders.approverSets.current()?.approvers.witnesses ?? null;
  const ledger = createLedger({
    store: ledgerStore,
    key: authority.ledgerKey,
    installation,
    clock,
    bus,
    log,
    suspended: () => whySuspended(storedRecovery.state()) ?? witnesses.obstacle(),
    history: continuations,
    publication: createPublication({ store: cosignatures, policy: witnessPolicy }),
  });
  const stopSubmitting = bus.subscribe((wake) => {
    if (wake.kind === 'ledger') witnesses.submit();
  });
  /** Adds pending entries to the ledger, and waits for the cosignatures, because devices and auditors may require them. */
  const sequence = async () => {
    await ledger.sequence();
    await witnesses.settled(COSIGNED_WITHIN);
  };
  const fleet = await createFleet(base);
  const accounts = await createAccounts(base, fleet, provider);
  const mailer = await createMailer(base);
  const decisions = createDecisions(base, {
    fleet,
    ledger: { ...ledger, sequence },
    mailer,
    admins: accounts.admins,
    restored: restored && { recordFloor: restored.recordFloor, recovering: storedRecovery.recovering },
  });
  const { orders } = decisions;
  const scripts = connectScripts(base, orders.approverSets);
  const actions = createActions({
    store: new ActionStore(database),
    clock,
    now: base.realNow,
    bus,
    account: accounts.admins.account,
    accounts: accounts.admins.accounts,
    passkeys: accounts.admins,
    people: orders.approverSets.people,
    requireInScope: async (wanted, scope) => void (await fleet.devices.select(wanted, scope.devices)),
    // The demo's admins have no authenticator, so the demo never asks for a step-up.
    stepUpWithin: base.demo === undefined ? STEP_UP_WITHIN : Number.MAX_SAFE_INTEGER,
  });
  const identities = createIdentities(base, { fleet, ledger: { published: ledger.published, sequence }, ...decisions });
  const relay = createRelay({
    posts: new PostStore(database),
    mailboxes: new MailboxStore(database),
    keyPackages: new KeyPackageStore(database),
    attachments: new AttachmentStore(database),
    orders,
    affectedBy: fleet.jurisdiction.affectedBy,
    restricts: fleet.compliance.restricts,
    clock,
    bus,
    log,
  });
  const mail = createMail({
    installation,
    stores: mailStores(database),
    orders,
    affectedBy: fleet.jurisdiction.affectedBy,
    restricts: fleet.compliance.restricts,
    clock,
    bus,
    log,
  });
  const recovery = openRecovery(base, {
    fleet,
    ledger,
    ledgerStore,
    orders,
    continuations,
    store: recoveryStore,
    recovery: storedRecovery,
  });
  const backups = createBackupSchedule(base, { fleet, ledger });
  const keys = keyInventory({
    rootDer: authority.rootDer,
    issuingDer: authority.issuingDer,
    online: authority.online.publicKey,
    ledger: authority.ledgerKey.publicKey,
  });
  const disclosures = connectDisclosures(
    { ...base, keys },
    { admins: accounts.admins, orders, commands: fleet.commands, ledger },
  );
  const activity = createActivity({
    store: new ActivityStore(database),
    installation,
    clock,
    days: base.config.activityDays,
    log,
  });
  return {
    ...fleet,
    ...accounts,
    scripts,
    activity,
    ...connectTransfers({ database, orders, commands: fleet.commands }, base.config.packageBandwidth),
    ...decisions,
    ...identities,
    ledger,
    ledgerStore,
    openings: createOpenings({
      store: new OpeningStore(database),
      size: ledger.published.size,
      people: orders.approverSets.people,
      clock,
    }),
    witnesses: {
      ...witnesses,
      policy: witnessPolicy,
      start: async (within: number) => witnesses.start(await storedWitnessPolicy(base), within),
      stop: async () => {
        stopSubmitting();
        await witnesses.stop();
      },
    },
    mailer,
    actions,
    relay,
    mail,
    recovery,
    backups,
    disclosures,
  };
}

async function createFleet(base: Foundation) {
  const { config, database, personKeys, bus, clock, log, installation, authority } = base;
  const groups = new GroupStore(database);
  const jurisdictionStore = new JurisdictionStore(database);
  const changes = createDeviceChanges(bus);
  const devices = createDevices({
    ...deviceStores(database, personKeys),
    bus,
    clock,
    followers: changes,
  });
  const groupMembers = createGroupMembers({
    store: new GroupMemberStore(database),
    facts: new FactReader(database),
    bus,
    clock,
  });
  const people = createPeople({ store: new PeopleStore(database), groups, bus, clock });
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });
  const inventory = await openInventories({ stores: inventoryStores(database), bus, clock });
  const liveQueries = createLiveQueries({ bus, isOn: () => !inventory.sections.current().off.includes('queries') });
  const managed = connectPolicies(
    { database, bus, clock, installation, online: authority.online },
    { devices, commands },
  );
  const ipFolder = join(config.home, 'ip');
  const ipDatabases = await openIpDatabases({
    folder: ipFolder,
    store: new IpDatabaseStore(database),
    clock,
    log,
    onActivation: () => bus.publish({ kind: 'ip-database' }),
  });
  const compareIpDatabase = createIpComparison({ store: jurisdictionStore, clock, databases: ipDatabases });
  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createTerritoryPolicies({ store: new TerritoryPolicyStore(database), clock });
  const jurisdiction = createJurisdiction({
    store: jurisdictionStore,
    past: new PastLocationStore(database),
    ip: ipDatabases,
    clock,
    changes,
    evidenceDays: config.evidenceDays,
  });
  // Subscribes before the module of orders, because device records and verdicts depend on the new location.
  changes.follow(jurisdiction);
  return {
    groups,
    groupMembers,
    changes,
    devices,
    people,
    commands,
    inventory,
    liveQueries,
    deviceLogs: createDeviceLogs({ store: new DeviceLogStore(database), commands }),
    lostMode: createLostModes({
      store: new LostModeStore(database),
      positions: base.positionFile,
      sealer: authority,
      bus,
      clock,
    }),
    ...managed,
    ipFolder,
    ipDatabases,
    compareIpDatabase,
    areas,
    policies,
    jurisdiction,
  };
}

async function createMailer({ config, log }: Foundation) {
  if (!config.mail) return null;
  // Loads the mail library only when mail is configured, because the library needs 25 MiB of memory.
  const { createSmtpMailer } = await import('../smtp/smtp-mailer.ts');
  return createSmtpMailer({ ...config.mail, organization: config.organization, log });
}

/** Modules for orders, for the legal holds that limit orders, and for evidence packs. */
function createDecisions(
  base: Foundation,
  parts: {
    readonly fleet: Fleet;
    readonly ledger: Omit<Ledger, 'verifierKey'>;
    readonly mailer: Mailer;
    readonly admins: Admins;
    readonly restored: { readonly recordFloor: number; readonly recovering: () => boolean } | null;
  },
) {
  const { config, database, authority, installation, clock, bus, log } = base;
  const { fleet, ledger, mailer, admins, restored } = parts;
  const { devices, jurisdiction } = fleet;
  const stores = { ...openOrderStores(database), adoption: new CoveredAdoptionStore(database, base.mark.cover) };
  const holdStore = new HoldStore(database);
  const contacts = createOrderContacts({ accounts: admins.accounts, send: mailer?.send ?? null });
  const orders = createOrders({
    restored,
    stores,
    holds: holdStore,
    responsible: contacts,
    people: contacts,
    sealer: authority,
    clock,
    bus,
    online: authority.online,
    installation,
    log,
    jurisdiction,
    appeal: config.appeal,
    largeShare: config.largeShare,
    verifiedApproversOnly: config.mail !== null || admins.provider !== null,
    changes: fleet.changes,
    areas: fleet.areas,
    policy: fleet.policies,
    fleet: {
      personalia: (device) => devices.get(device).catch(nullIfUnknown),
      devicesOf: (group) => devices.trustedMembers(group),
      alert: (device, code, detail) => devices.raiseAlert({ device, code, detail }),
    },
  });
  const holds = createHolds({ store: holdStore, records: orders.effect, bus, clock, log });
  const packs = createPacks({
    ...stores,
    store: new PackStore(database),
    packs: new PackRecordStore(database),
    effect: orders.effect,
    exits: { progressAnew: orders.exit.progressAnew, exits: (order) => stores.exits.exits(order) },
    ledger,
    approverSets: orders.approverSets.envelopes,
    denied: orders.impact.affectedWhereLastSeen,
    authority: {
      rootPem: pemOf(authority.rootDer),
      issuingPem: pemOf(authority.issuingDer),
      fingerprint: authority.fingerprint,
    },
    online: authority.online,
    installation,
    organization: config.organization,
    version: VERSION,
    clock,
  });
  return { orders, holds, packs, deviceRecords: stores.records };
}

function createIdentities(
  base: Foundation,
  parts: {
    readonly fleet: Fleet;
    readonly ledger: Pick<Ledger, 'published' | 'sequence'>;
  } & Pick<Decisions, 'orders' | 'deviceRecords'>,
) {
  const { fleet, ledger, orders, deviceRecords } = parts;
  const { config, database, authority, installation, clock, bus, log } = base;
  const { devices, people, jurisdiction, changes } = fleet;
  const membership = createMembership({
    installation,
    stores: membershipStores(database),
    approverSets: orders.approverSets,
    ledger,
    online: authority.online,
    devices,
    people,
    bus,
    clock,
    log,
  });
  const enrollment = createEnrollment({
    codes: new CodeStore(database),
    store: new EnrollmentStore(database, deviceRecords, base.personKeys),
    authority,
    clock,
    bus,
    appeal: config.appeal,
    now: base.realNow,
    addresses: base.addresses,
    surroundings: {
      areasOfAddress: jurisdiction.areasOfAddress,
      gate: (newcomer) => newcomerVerdict(orders.adoption.rules(), newcomer, clock.now()),
      firstRecord: orders.effect.firstRecord,
      appealOf: (order) => publicAppeal(orders.adoption.termsOf(order), clock.now()),
      deviceChanged: changes.deviceChanged,
    },
  });
  const revocationList = createRevocationList({
    store: new CoveredRevocationStore(database, base.mark.cover),
    authority,
    clock,
    bus,
    log,
    raise: ({ device, code, detail }) => devices.raiseAlert({ device, code, detail }),
    now: base.realNow,
  });
  return { membership, enrollment, revocationList };
}

function openRecovery(
  { database, authority, installation, clock, bus, log }: Foundation,
  parts: {
    readonly fleet: Fleet;
    readonly ledger: Ledger;
    readonly ledgerStore: LedgerStore;
    readonly orders: Orders;
    readonly continuations: Continuations;
    readonly store: RecoveryStore;
    readonly recovery: StoredRecovery;
  },
): Recovery {
  const { ledger, ledgerStore, orders, continuations, store, recovery } = parts;
  const { devices, changes } = parts.fleet;
  return createRecovery({
    recovery,
    stores: {
      readmissions: new ReadmissionStore(database),
      checkpointResponses: new CheckpointResponseStore(database),
    },
    orders,
    continuations,
    issuingDer: authority.issuingDer,
    clock,
    bus,
    log,
    ledger: {
      get verifierKey() {
        return ledger.verifierKey;
      },
      installation,
      continuations: continuations.documents,
      sequence: ledger.sequence,
      size: async () => (await ledgerStore.newest())?.size ?? 0,
      hashes: ledgerStore.hashes,
    },
    raise: devices.raiseAlert,
    setAreas: async (device, record) => {
      if (await store.setAreas(device, record)) await changes.deviceChanged(device);
    },
    deviceChanged: changes.deviceChanged,
  });
}

const nullIfUnknown = (error: unknown): null => {
  if (isCordonError(error, 'not_found')) return null;
  throw error;
};
