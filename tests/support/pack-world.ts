/** An order with its whole life behind it over a real store, ledger and authority, and devices that have answered with certified keys: what packs are made of. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Authority } from '../../certs/authority.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { createLedger, type Ledger } from '../../server/ledger/ledger.ts';
import { createPacks, type Packs } from '../../server/orders/pack/packs.ts';
import type { Database } from '../../server/store/database.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { ExitStore } from '../../server/store/exit-store.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { NamesStore } from '../../server/store/names-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { PackStore } from '../../server/store/pack-store.ts';
import { ReceiptStore } from '../../server/store/receipt-store.ts';
import type { Envelope, Receipt } from '../../shared/order/documents.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import { type DeviceId, newAccountId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from './order-world.ts';
import { INSTALLATION, NOW } from './signed-documents.ts';
import { until } from './until.ts';

export interface PackDevice {
  readonly id: DeviceId;
  readonly key: KeyObject;
}

export interface PackWorld {
  readonly world: OrderWorld;
  readonly ledger: Ledger;
  /** Signs notes as the ledger does. */
  readonly signNote: (message: Buffer) => Buffer;
  readonly packs: Packs;
  addDevice(): Promise<PackDevice>;
  /** The key that it has, certified for this enrolment too. */
  certify(device: PackDevice, generation: number): Promise<void>;
  answer(device: PackDevice, said: Partial<Receipt>): Promise<void>;
  /** As it would send it. */
  receipt(device: PackDevice, said: Partial<Receipt>): Envelope;
  /** Waits until all that was answered is evidence. */
  verified(): Promise<void>;
  pack(order: string, since?: number): Promise<Buffer>;
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
  const receipts = new ReceiptStore(database);
  const packs = createPacks({
    store: new PackStore(database),
    orders: new OrderStore(database),
    executed: new ExecutionStore(database),
    exits: {
      progressAnew: (order) => world.orders.exitAnew(order),
      exits: (order) => new ExitStore(database).exits(order),
    },
    receipts,
    ledger,
    roots: () => world.orders.roots(),
    names: new NamesStore(database),
    reached: async (order, revision) => await world.orders.affected(order, revision),
    authority: {
      rootPem: pemOf(authority.rootDer),
      issuingPem: pemOf(authority.issuingDer),
      fingerprint: authority.fingerprint,
    },
    online: world.online,
    installation: INSTALLATION,
    organisation: 'Exempel & Co',
    clock: world.clock,
  });
  const root = () => {
    const known = packs.publicRoot();
    if (!known) throw new Error('there is no root of approvers');
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
    kind: 'informed',
    listVersion: world.orders.currentList()?.version ?? 1,
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
    answer: (device, said) => world.orders.storeReceipt(device.id, said.generation ?? 1, receipt(device, said)),
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
    root,
    fingerprint: () => fingerprintOf(root()),
    stop: async () => {
      await world.stop();
      await ledger.stop();
    },
  };
}

/** Proposed, adopted, moved, held by one, released and withdrawn; one device obeys, one has only heard of it, one never answers. */
export async function liveThrough(
  made: PackWorld,
): Promise<{ obeys: PackDevice; hears: PackDevice; silent: PackDevice }> {
  const { world } = made;
  const { ada, ben, cyd, proposer } = world.people;
  const both = async (revision: number) => {
    await world.sign(ORDER, revision, ada);
    await world.sign(ORDER, revision, ben);
  };
  const act = (act: 'extend' | 'hold' | 'release' | 'withdraw' | 'revise', more: object = {}) =>
    world.orders.act(proposer.id, ORDER, { act, ...more });
  await world.root([ada, ben, cyd], [ada, ben]);
  const [obeys, hears, silent] = [await made.addDevice(), await made.addDevice(), await made.addDevice()];
  const statement = { en: 'Service ends on 30 November.', ur: 'سروس 30 نومبر کو ختم ہو جائے گی۔ (BES)' };
  await world.orders.propose(proposer.id, { ...PROPOSAL, statement });
  await both(1);
  await made.ledger.sequence();
  for (const device of [obeys, hears]) await made.answer(device, {});
  // Superseded by the next, so never adopted, though one has signed it.
  await act('revise', { areas: ['PK', 'IN'] });
  await world.sign(ORDER, 2, ada);
  await act('extend', { effective: '2015-12-02T00:00' });
  await both(3);
  await made.ledger.sequence();
  world.clock.jump(Date.parse('2015-12-03T00:00:00.000Z'));
  await until(async () => {
    if ((await world.orders.get(ORDER)).executions.length === 0) throw new Error('not yet in force');
  });
  await made.answer(obeys, { kind: 'enforced', revision: 3, service: 'messaging', gate: 'closed' });
  await act('hold');
  await world.sign(ORDER, 4, ada);
  await act('release');
  await both(5);
  await act('withdraw');
  await both(6);
  await made.answer(obeys, { kind: 'restored', revision: 6, service: 'messaging', gate: 'open' });
  await made.verified();
  return { obeys, hears, silent };
}
