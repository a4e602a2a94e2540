/**
 * Evidence packs: all that an operator can show of one order, put together as one file that anybody can check without the server
 * (`shared/pack/verify-pack.ts`). It is made a file at a time, from what is stored and signed already; the only new signature is the manifest's.
 */
import { X509Certificate } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { CordonError } from '../../../shared/errors.ts';
import { type Root, readRoot } from '../../../shared/order/approvers.ts';
import { canonicalText, encodeCanonical } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import type { Envelope, RECEIPT_KINDS } from '../../../shared/order/documents.ts';
import { keyidOf, type Signer, signEnvelope } from '../../../shared/order/dsse.ts';
import type { Destruction } from '../../../shared/pack/destruction.ts';
import { endDigest } from '../../../shared/pack/end-digest.ts';
import { fingerprintOf } from '../../../shared/pack/fingerprint.ts';
import {
  AUTHORITY,
  CHECKPOINT,
  DESTRUCTION,
  GROWTH,
  LEAVES,
  MANIFEST,
  type Manifest,
  numbered,
  PACK_TYPE,
  PUBLIC_ROOT,
  SILENT,
  SUMMARY,
} from '../../../shared/pack/format.ts';
import type { PublicRoot } from '../../../shared/pack/public-root.ts';
import { ZipWriter } from '../../../shared/pack/zip.ts';
import { type AccountId, type DeviceId, newPackId, type PackId, randomBase32 } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { Ledger, StoredCheckpoint } from '../../ledger/ledger.ts';
import { createAnnexes, type NamesRequest, type NamesStore, type SealedNames } from '../annex.ts';
import type { Execution } from '../executions.ts';
import type { ExitStore, Exits } from '../exit/exits.ts';
import { orderOf, revisionEnvelopeOf } from '../order-state.ts';
import type { OrderStore, ReceiptStore, RevisionRow } from '../ports.ts';
import type { ReachStore } from '../reach.ts';
import { slices } from '../rehearsal.ts';
import { type NoticeTally, tallyNotices } from './noticed.ts';
import { type LeafStore, type Snapshot, takeSnapshot } from './snapshot.ts';
import { summaryPage } from './summary.ts';

/** Devices in one file of receipts: about a hundred kilobytes. */
const DEVICES_IN_A_FILE = 20;
/** What is done between two turns of the loop: a few milliseconds of work. */
const DEVICES_AT_ONCE = 5;
/** A device has one more each month. */
const CERTIFICATES_AT_ONCE = 50;
const PAGE = 1000;
/** Of how many packs of an order one can look up that they were made. */
const SHOWN = 50;

export interface PackReceipt {
  readonly device: DeviceId;
  readonly generation: number;
  readonly kind: (typeof RECEIPT_KINDS)[number];
  /** How many the device has given of this kind. */
  readonly ofKind: number;
  readonly revision: number;
  /** Of the order's plan; null: about the order as such. */
  readonly notice: string | null;
  /** The device's own time. */
  readonly at: Instant;
  readonly envelope: Envelope;
}

interface Making {
  readonly order: string;
  readonly root: PublicRoot;
  readonly pack: PackId;
  readonly at: Instant;
  readonly since: StoredCheckpoint | null;
}

export interface NewPack {
  readonly pack: PackId;
  readonly order: string;
  readonly by: AccountId;
  readonly at: Instant;
}

export interface MadePack extends NewPack {
  /** How many devices stand in it. */
  readonly devices: number;
}

export interface PackStore extends LeafStore {
  /** Null for one that is no longer kept. */
  list(version: number): Promise<Envelope | null>;
  /** The first checkpoint whose tree has this leaf. */
  checkpointOver(index: number): Promise<StoredCheckpoint | null>;
  /** Devices with verified receipts about the order, up to this revision, by id, behind `after`. */
  answered(order: string, upTo: number, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /** Their verified receipts about it, up to this revision, by device, oldest first: of each kind the first and the last, no more than `MOST_OF_A_KIND`. */
  receipts(order: string, upTo: number, devices: readonly DeviceId[]): Promise<PackReceipt[]>;
  recordPack(pack: NewPack): Promise<void>;
  /** The newest first. */
  packs(order: string, limit: number): Promise<MadePack[]>;
  /** What the pack calls these devices. */
  recordHandles(pack: PackId, handles: ReadonlyMap<DeviceId, string>): Promise<void>;
  /** All that this pack calls somebody. Null when no such pack of the order was made. */
  handles(order: string, pack: PackId): Promise<ReadonlyMap<DeviceId, string> | null>;
}

export interface PackPorts {
  readonly store: PackStore;
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly executed: { executions(order: string): Promise<readonly Execution[]> } & Pick<ReachStore, 'reachedBefore'>;
  readonly exits: Pick<Exits, 'progressAnew'> & Pick<ExitStore, 'exits'>;
  readonly receipts: Pick<ReceiptStore, 'deviceCertificates'>;
  readonly ledger: Pick<Ledger, 'sequence' | 'checkpoint' | 'verifierKey' | 'proveLeaves' | 'proveGrowth'>;
  /** Adopted roots, oldest first. */
  readonly roots: () => readonly Envelope[];
  /** Whom the revision denies something, were it in force now. */
  readonly reached: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly authority: { readonly rootPem: string; readonly issuingPem: string; readonly fingerprint: string };
  readonly names: NamesStore;
  readonly online: Signer;
  readonly installation: string;
  readonly organisation: string;
  readonly clock: Clock;
}

export interface Packs {
  /** What outsiders pin. Null before the first root of approvers is adopted. */
  publicRoot(): PublicRoot | null;
  /** The pack's bytes, in pieces. Throws `not_found`, and `approvers_required`, before the first. */
  /**
   * `since`: the size of a checkpoint that somebody keeps, from which the pack is to prove how the ledger grew. Throws `not_found` for one that this ledger has not made.
   */
  make(
    order: string,
    by: AccountId,
    since?: number,
  ): Promise<{ readonly pack: PackId; readonly content: AsyncIterable<Buffer> }>;
  /** Those that were made of the order, the newest first. */
  made(order: string): Promise<readonly MadePack[]>;
  /** The names behind its handles. Throws `not_found`, and `invalid_input` for what is no recipient. */
  names(pack: PackId, request: Omit<NamesRequest, 'of'>): Promise<SealedNames>;
}

type PackFile = readonly [name: string, bytes: Uint8Array];

const json = (value: unknown): Uint8Array => encodeCanonical(value);
const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));

export function createPacks(ports: PackPorts): Packs {
  const { store, ledger, installation, clock } = ports;
  const annexes = createAnnexes({ store: ports.names, orders: ports.orders, clock });
  let first: Root | null = null;

  function publicRoot(): PublicRoot | null {
    const [envelope] = ports.roots();
    first ??= envelope ? readRoot(envelope) : null;
    if (!first) return null;
    const { authority } = ports;
    return { installation, authority: authority.fingerprint, approvers: first.digest, ledger: ledger.verifierKey };
  }

  /** The ledger's part: leaves with their proofs, and the trees of the time when something was decided. */
  async function* ledgerFiles(
    { leaves, checkpoint: { size, note: checkpoint } }: Snapshot,
    since: StoredCheckpoint | null,
  ): AsyncGenerator<PackFile> {
    const indexes = leaves.map(({ index }) => index);
    const { leaves: proved } = await ledger.proveLeaves(indexes, size);
    const decided = leaves.filter(
      ({ leaf: { kind }, particulars: { destroyed } }) =>
        kind === 'order.adopted' || (kind === 'order.executed' && destroyed === undefined),
    );
    const older = new Map<number, string>();
    if (since && since.size < size) older.set(since.size, since.note);
    for (const { index } of decided) {
      const then = await store.checkpointOver(index);
      if (then && then.size < size) older.set(then.size, then.note);
    }
    const growth = [];
    for (const [then, note] of older) {
      growth.push({ checkpoint: note, proof: base64((await ledger.proveGrowth(then, size)).proof) });
    }
    yield [CHECKPOINT, Buffer.from(checkpoint)];
    const openings = new Map(leaves.map(({ index, opening }) => [index, opening]));
    yield [
      LEAVES,
      json(
        proved.map(({ index, body, proof }) => {
          const opening = openings.get(index);
          return { index, body: body.toString('utf8'), proof: base64(proof), ...(opening && { opening }) };
        }),
      ),
    ];
    yield [GROWTH, json(growth)];
  }

  /** Of each device the certificates whose keys have signed. */
  async function signingCertificates(receipts: readonly PackReceipt[]): Promise<Map<DeviceId, string[]>> {
    const wanted = new Map<DeviceId, Set<string>>();
    for (const { device, generation, envelope } of receipts) {
      const keys = wanted.get(device) ?? new Set();
      for (const { keyid } of envelope.signatures) keys.add(`${generation} ${keyid}`);
      wanted.set(device, keys);
    }
    const found = new Map<DeviceId, string[]>();
    for (const some of slices(await ports.receipts.deviceCertificates([...wanted.keys()]), CERTIFICATES_AT_ONCE)) {
      for (const { device, generation, der } of some) {
        const keys = wanted.get(device);
        if (!keys || keys.size === 0) continue;
        const { publicKey } = new X509Certificate(Buffer.from(der, 'base64'));
        if (keys.delete(`${generation} ${keyidOf(publicKey)}`)) found.set(device, [...(found.get(device) ?? []), der]);
      }
      await turn();
    }
    return found;
  }

  async function* receiptFiles(
    order: string,
    upTo: number,
    handles: Handles,
    { said, notices }: { readonly said: Said; readonly notices: NoticeTally },
  ): AsyncGenerator<PackFile> {
    let after: DeviceId | null = null;
    for (let number = 1; ; number += 1) {
      const devices: DeviceId[] = await store.answered(order, upTo, after, DEVICES_IN_A_FILE);
      if (devices.length === 0) return;
      const receipts = await store.receipts(order, upTo, devices);
      await turn();
      const certificates = await signingCertificates(receipts);
      const called = handles.of(devices);
      const own = Map.groupBy(receipts, ({ device }) => device);
      const groups: string[] = [];
      for (const some of slices(devices, DEVICES_AT_ONCE)) {
        for (const device of some) {
          const mine = own.get(device) ?? [];
          const given = new Map(mine.map(({ kind, ofKind }) => [kind, ofKind]));
          for (const kind of given.keys()) said[kind] += 1;
          notices.add(mine);
          const omitted = given.values().reduce((sum, ofKind) => sum + ofKind, 0) - mine.length;
          groups.push(
            canonicalText({
              device: called.get(device),
              certificates: certificates.get(device) ?? [],
              receipts: mine.map(({ envelope }) => envelope),
              ...(omitted > 0 && { omitted }),
            }),
          );
        }
        await turn();
      }
      await store.recordHandles(handles.pack, called);
      yield [numbered('receipts', number), Buffer.from(`[${groups.join(',')}]`)];
      after = devices.at(-1) ?? null;
      await turn();
    }
  }

  /** Then and now: whoever has left since it came into force, or was exempted, is not reached any more. */
  async function reachedBy(order: string, revision: number): Promise<DeviceId[]> {
    const reached = new Set<DeviceId>();
    for (const some of slices(await ports.reached(order, revision), PAGE)) {
      for (const { device } of some) reached.add(device);
      await turn();
    }
    for (let after: DeviceId | null = null; ; ) {
      const before: DeviceId[] = await ports.executed.reachedBefore(order, after, PAGE);
      for (const device of before) reached.add(device);
      after = before.at(-1) ?? null;
      if (before.length < PAGE) return [...reached];
      await turn();
    }
  }

  async function silentOf(order: string, revision: RevisionRow | undefined, handles: Handles) {
    if (!revision) return { reached: 0, silent: [] };
    const reached = await reachedBy(order, revision.revision);
    const silent: string[] = [];
    for (const some of slices(reached, PAGE)) {
      const unheard = some.filter((device) => !handles.has(device));
      const called = handles.of(unheard);
      await store.recordHandles(handles.pack, called);
      silent.push(...called.values());
      await turn();
    }
    return { reached: reached.length, silent: silent.sort() };
  }

  /** The certificate of destruction; null while no exit was approved. */
  async function destructionOf(
    order: string,
    { revisions, leaves }: Snapshot,
    handles: Handles,
  ): Promise<Destruction | null> {
    const exit = revisions
      .flatMap(({ act, revision, adoptedAt }) =>
        act === 'exit' && adoptedAt !== null ? [{ revision, adoptedAt }] : [],
      )
      .at(-1);
    const progress = await ports.exits.progressAnew(order);
    if (!exit || !progress) return null;
    const { held, waiting, unheard } = progress;
    const logged = new Set(leaves.map(({ particulars: { destroyed } }) => destroyed));
    const devices: Destruction['devices'] = [];
    for (const some of slices(await ports.exits.exits(order), PAGE)) {
      const ends = some
        .map(({ device, outcome, at, destroyed, salt }) => {
          return { device, end: { outcome, at: new Date(at).toISOString(), destroyed, salt } };
        })
        // Others have ended since.
        .filter(({ end }) => logged.has(endDigest(end)));
      await store.recordHandles(
        handles.pack,
        handles.of(ends.map(({ device }) => device).filter((id) => !handles.has(id))),
      );
      for (const { device, end } of ends) devices.push({ device: handles.get(device), ...end });
      await turn();
    }
    devices.sort((a, b) => (a.device < b.device ? -1 : 1));
    const approved = { revision: exit.revision, adoptedAt: new Date(exit.adoptedAt).toISOString() };
    return { order, ...approved, devices, held, waiting, unheard };
  }

  /** Every file but the manifest, in the pack's order. */
  async function* filesOf({ order, root, pack, at, since }: Making): AsyncGenerator<PackFile> {
    const madeAt = new Date(at).toISOString();
    const snapshot = await takeSnapshot(order, ports);
    const { revisions, roots } = snapshot;
    const adopted = revisions.filter(({ adoptedAt }) => adoptedAt !== null);
    yield [PUBLIC_ROOT, json(root)];
    yield [AUTHORITY.root, Buffer.from(ports.authority.rootPem)];
    yield [AUTHORITY.issuing, Buffer.from(ports.authority.issuingPem)];
    for (const [at, envelope] of roots.entries()) yield [numbered('approvers', at + 1), json(envelope)];
    for (const row of revisions) yield [numbered('revisions', row.revision), json(revisionEnvelopeOf(row))];

    for (const version of new Set(adopted.flatMap(({ listedIn }) => listedIn ?? []))) {
      const envelope = await store.list(version);
      // Lists are kept for years, not for ever.
      if (envelope) yield [numbered('lists', version), json(envelope)];
    }
    yield* ledgerFiles(snapshot, since);

    const handles = new Handles(pack);
    const said: Said = { informed: 0, shown: 0, enforced: 0, restored: 0, wiped: 0 };
    const notices = tallyNotices(adopted);
    yield* receiptFiles(order, revisions.length, handles, { said, notices });
    const answered = handles.size;
    const { reached, silent } = await silentOf(order, adopted.at(-1), handles);
    yield [SILENT, json({ reached, silent })];
    const destruction = await destructionOf(order, snapshot, handles);
    if (destruction) yield [DESTRUCTION, json(destruction)];
    const { organisation } = ports;
    const newest = roots.at(-1);
    if (!newest) throw new CordonError('approvers_required', 'There is no approver set to make a pack under.');
    const { approvers } = readRoot(newest);
    const facts = {
      ...{ organisation, installation, fingerprint: fingerprintOf(root), pack, order, approvers, madeAt, revisions },
    };
    const executions = await ports.executed.executions(order);
    const counts = { said, notices: notices.counts(), answered, reached, silent: silent.length };
    const page = summaryPage({ ...facts, executions, ...counts, destruction });
    yield [SUMMARY, Buffer.from(page)];
  }

  async function* contentOf(making: Making): AsyncGenerator<Buffer> {
    const { order, pack, at } = making;
    const madeAt = new Date(at).toISOString();
    const zip = new ZipWriter();
    const files: Manifest['files'] = [];
    for await (const [name, content] of filesOf(making)) {
      const bytes = Buffer.from(content);
      files.push({ name, bytes: bytes.length, sha256: sha256(bytes) });
      yield zip.add({ name, bytes });
    }
    const manifest: Manifest = { installation, order, pack, madeAt, files };
    const envelope = signEnvelope(PACK_TYPE, encodeCanonical(manifest), [ports.online]);
    yield zip.add({ name: MANIFEST, bytes: Buffer.from(json(envelope)) });
    yield zip.end();
  }

  return {
    publicRoot,
    make: async (order, by, since) => {
      await orderOf(ports.orders, order);
      const root = publicRoot();
      if (!root) throw new CordonError('approvers_required', 'There is no root of approvers yet.');
      const kept = since === undefined ? null : await store.checkpointOver(since - 1);
      if (since !== undefined && kept?.size !== since) {
        throw new CordonError(
          'not_found',
          `This ledger has made no checkpoint of ${since} leaves: compare where the one that was kept is from.`,
        );
      }
      const pack = newPackId();
      const at = clock.now();
      await store.recordPack({ pack, order, by, at });
      return { pack, content: contentOf({ order, root, pack, at, since: kept }) };
    },
    made: (order) => store.packs(order, SHOWN),
    names: async (pack, request) => {
      const handles = await store.handles(request.order, pack);
      if (!handles) throw new CordonError('not_found', `No pack ${pack} of order ${request.order} was made.`);
      return annexes.seal({ ...request, of: 'pack' }, handles);
    },
  };
}

type Said = Record<(typeof RECEIPT_KINDS)[number], number>;

/** What one pack calls devices. */
class Handles {
  readonly pack: PackId;
  readonly #handles = new Map<DeviceId, string>();
  readonly #taken = new Set<string>();

  constructor(pack: PackId) {
    this.pack = pack;
  }

  get size(): number {
    return this.#handles.size;
  }

  get(device: DeviceId): string {
    const handle = this.#handles.get(device);
    if (handle === undefined) throw new Error(`${device} has no handle in this pack`);
    return handle;
  }

  has(device: DeviceId): boolean {
    return this.#handles.has(device);
  }

  /** New ones, for devices that have none yet. */
  of(devices: readonly DeviceId[]): Map<DeviceId, string> {
    const called = new Map<DeviceId, string>();
    for (const device of devices) {
      let handle: string;
      do handle = `device-${randomBase32(7).slice(0, 10)}`;
      while (this.#taken.has(handle));
      this.#taken.add(handle);
      this.#handles.set(device, handle);
      called.set(device, handle);
    }
    return called;
  }
}
