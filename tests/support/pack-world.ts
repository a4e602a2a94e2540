/**
 * An order with its complete history over a real store, ledger and authority. Its devices have certified keys and have sent receipts. The
 * tests of evidence packs use it.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { Authority } from '../../certs/authority.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { createDevices, type DeviceChange } from '../../server/devices/devices.ts';
import { createLedger, type Ledger } from '../../server/ledger/ledger.ts';
import { buildList } from '../../server/orders/adoption/order-list.ts';
import { createPacks, type Packs } from '../../server/orders/evidence/packs.ts';
import { AdoptionStore } from '../../server/store/adoption-store.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { openOrderStores } from '../../server/store/order-stores.ts';
import { PackRecordStore } from '../../server/store/pack-record-store.ts';
import { PackStore } from '../../server/store/pack-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, orderListSchema, PAYLOAD_TYPES, type Receipt } from '../../shared/order/documents.ts';
import { payloadOf, signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import { type AccountId, type DeviceId, newAccountId } from '../../shared/protocol/ids.ts';
import { addGroup } from './fleet-rows.ts';
import { addLocatedFleet } from './located-fleet.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from './order-world.ts';
import { testPersonKeys } from './person-keys.ts';
import { INSTALLATION, NOW } from './signed-documents.ts';
import { until } from './until.ts';

export interface PackDevice {
  readonly id: DeviceId;
  readonly key: KeyObject;
}

export interface PackWorld {
  readonly world: OrderWorld;
  readonly ledger: Ledger;
  /** Signs checkpoints as the ledger does. */
  readonly signNote: (message: Buffer) => Buffer;
  readonly packs: Packs;
  addDevice(): Promise<PackDevice>;
  /** Certifies the device's present key for this enrollment too. */
  certify(device: PackDevice, generation: number): Promise<void>;
  answer(device: PackDevice, said: Partial<Receipt>): Promise<void>;
  /** Sends a receipt as the device does. */
  receipt(device: PackDevice, said: Partial<Receipt>): Envelope;
  /** Waits until the server has verified all receipts. */
  verified(): Promise<void>;
  pack(order: string, since?: number): Promise<Buffer>;
  /** Stores an order list with this version as the newest, as if the server had published all versions before it. */
  skipLists(version: number): Promise<void>;
  root(): PublicRoot;
  fingerprint(): string;
  stop(): Promise<void>;
}

export const ORDER = '2015-001';

export async function openPackWorld(database: Database, authority: Authority): Promise<PackWorld> {
  const world = await openOrderWorld(database);
  const pair = generateKeyPairSync('ed25519');
  const signNote = (message: Buffer) => sign(null, message, pair.privateKey);
  const ledger = createLedger({
    store: new LedgerStore(database),
    key: { publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), sign: signNote },
    installation: INSTALLATION,
    clock: world.clock,
    bus: world.bus,
    log: { error: () => undefined },
  });
  const stores = openOrderStores(database);
  const { receipts } = stores;
  const packs = createPacks({
    ...stores,
    store: new PackStore(database),
    packs: new PackRecordStore(database),
    ledger,
    effect: { recordExecutions: () => world.orders.effect.recordExecutions() },
    exits: {
      progressAnew: (order) => world.orders.exit.progressAnew(order),
      exits: (order) => stores.exits.exits(order),
    },
    approverSets: () => world.orders.approverSets.envelopes(),
    denied: async (order, revision) => await world.orders.impact.affectedWhereLastSeen(order, revision),
    authority: {
      rootPem: pemOf(authority.rootDer),
      issuingPem: pemOf(authority.issuingDer),
      fingerprint: authority.fingerprint,
    },
    online: world.online,
    installation: INSTALLATION,
    organization: 'Exempel & Co',
    version: '0.1.0',
    clock: world.clock,
  });
  const root = () => {
    const known = packs.publicRoot();
    if (!known) throw new Error('there is no approver set');
    return known;
  };

  async function addDevice(): Promise<PackDevice> {
    const device = {
      id: world.addDevice('PK'),
      key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    };
    await certify(device, 1);
    return device;
  }

  async function certify({ id, key }: PackDevice, generation: number): Promise<void> {
    const { serial, der, fingerprint, notBefore, notAfter } = authority.issue({
      profile: 'device',
      spki: createPublicKey(key).export({ type: 'spki', format: 'der' }),
      commonName: id,
      uris: [`urn:cordon:device:${id}:${generation}`],
    });
    const whose = { serial, device_id: id, generation, profile: 'device', fingerprint, der: der.toString('base64') };
    const when = { not_before: notBefore, not_after: notAfter, issued_at: notBefore };
    await database.db
      .insertInto('certificates')
      .values({ ...whose, ...when, revoked_at: null, revocation_reason: null, superseded_at: null })
      .execute();
  }

  const receiptOf = (device: PackDevice, said: Partial<Receipt>): Receipt => ({
    installation: INSTALLATION,
    device: device.id,
    generation: 1,
    kind: 'delivered',
    listVersion: world.orders.list.current()?.version ?? 1,
    order: ORDER,
    revision: 1,
    service: null,
    gate: null,
    at: new Date(NOW).toISOString(),
    ...said,
  });

  const receipt: PackWorld['receipt'] = (device, said) => makeReceipt(receiptOf(device, said), signerOf(device.key));

  return {
    world,
    ledger,
    signNote,
    packs,
    addDevice,
    certify,
    receipt,
    answer: (device, said) => world.orders.receipts.store(device.id, said.generation ?? 1, receipt(device, said)),
    verified: () =>
      until(
        async () => {
          if ((await receipts.unverifiedReceipts(1)).length > 0) throw new Error('receipts wait to be verified');
        },
        90_000,
        100,
      ),
    pack: async (order, since) => {
      const { content } = await packs.make(order, newAccountId(), since);
      return Buffer.concat(await Array.fromAsync(content));
    },
    skipLists: async (version) => {
      const current = world.orders.list.current();
      const approverSet = world.orders.approverSets.envelopes().length;
      if (!current) throw new Error('there is no order list');
      const { orders } = parseDocument(orderListSchema, payloadOf(current.envelope, PAYLOAD_TYPES.list));
      const now = world.clock.now();
      const before = {
        version: version - 1,
        envelope: current.envelope,
        hash: sha256('skipped'),
        issuedAt: now,
        expiresAt: now,
      };
      const list = buildList({
        installation: INSTALLATION,
        before,
        approverSet,
        revisions: orders,
        now,
        online: world.online,
      });
      await new AdoptionStore(database).appendList({
        list,
        entry: { kind: 'order.list', at: now, subject: null, public: { version, digest: list.hash, approverSet } },
      });
    },
    root,
    fingerprint: () => fingerprintOf(root()),
    stop: async () => {
      await world.stop();
      await ledger.stop();
    },
  };
}

/** Changes a device's location as an admin does, and adds the ledger entry that packs of the order contain. */
export async function changeLocation(
  database: Database,
  { world }: PackWorld,
  change: Pick<DeviceChange, 'statement' | 'home'>,
  { confirmedBy, device }: { readonly confirmedBy: AccountId | null; readonly device?: DeviceId },
): Promise<DeviceId> {
  const { clock, bus } = world;
  const devices = createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus,
    clock,
    followers: { deviceChanged: async () => undefined },
  });
  const [added] = device
    ? [device]
    : await addLocatedFleet(database, await addGroup(database, randomUUID()), clock.now(), [{ home: 'PK', seen: [] }]);
  if (!added) throw new Error('one device');
  const by = change.statement?.by ?? newAccountId();
  const override = { orders: [ORDER], by, confirmedBy, home: change.home ?? parseHomeArea('PK'), seat: null };
  await devices.update(added, { ...change, override });
  return added;
}

/**
 * Proposes, adopts, extends, pauses, resumes and withdraws the order. One device enforces it, one only acknowledges it, and one never
 * responds.
 */
export async function liveThrough(
  made: PackWorld,
): Promise<{ obeys: PackDevice; hears: PackDevice; silent: PackDevice }> {
  const { world } = made;
  const { ada, ben, cyd, proposer } = world.people;
  const both = async (revision: number) => {
    await world.sign(ORDER, revision, ada);
    await world.sign(ORDER, revision, ben);
  };
  const act = (action: 'extend' | 'pause' | 'resume' | 'withdraw' | 'revise', more: object = {}) =>
    world.orders.drafting.proposeAction(proposer.id, ORDER, { action, ...more });
  await world.approverSet([ada, ben, cyd], [ada, ben]);
  const [obeys, hears, silent] = [await made.addDevice(), await made.addDevice(), await made.addDevice()];
  const statement = { en: 'Service ends on 30 November.', ur: 'سروس 30 نومبر کو ختم ہو جائے گی۔ (BES)' };
  await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, statement, authoritativeLanguage: 'ur' });
  await both(1);
  await made.ledger.sequence();
  for (const device of [obeys, hears]) await made.answer(device, {});
  // Revision 2 has one signature and is never adopted, because revision 3 replaces it.
  await act('revise', { areas: ['PK', 'IN'] });
  await world.sign(ORDER, 2, ada);
  await act('extend', { effective: '2015-12-02T00:00' });
  await both(3);
  await made.ledger.sequence();
  world.clock.jump(Date.parse('2015-12-03T00:00:00.000Z'));
  await until(async () => {
    if ((await world.orders.adoption.get(ORDER)).executions.length === 0) throw new Error('not yet in force');
  });
  await made.answer(obeys, { kind: 'enforced', revision: 3, service: 'messaging', gate: 'closed' });
  await act('pause');
  await world.sign(ORDER, 4, ada);
  await act('resume');
  await both(5);
  await act('withdraw');
  await both(6);
  await made.answer(obeys, { kind: 'restored', revision: 6, service: 'messaging', gate: 'open' });
  await made.verified();
  return { obeys, hears, silent };
}
