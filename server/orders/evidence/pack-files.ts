/** Files of an evidence pack. To save memory, the server creates each file only after it has written the previous one. */
import { X509Certificate } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { CordonError } from '../../../shared/errors.ts';
import { readApproverSet } from '../../../shared/order/approvers.ts';
import { canonicalText } from '../../../shared/order/canonical.ts';
import { keyidOf } from '../../../shared/order/dsse.ts';
import { type ProceedingRecord, proceedingState } from '../../../shared/order/proceedings.ts';
import type { Destruction } from '../../../shared/pack/destruction.ts';
import { endDigest } from '../../../shared/pack/end-digest.ts';
import { fingerprintOf } from '../../../shared/pack/fingerprint.ts';
import {
  AUTHORITY,
  DESTRUCTION,
  LOCATIONS,
  numbered,
  PROCEEDINGS,
  PUBLIC_ROOT,
  SILENT,
  SUMMARY,
} from '../../../shared/pack/format.ts';
import type { PackedLocation } from '../../../shared/pack/location-records.ts';
import { effectChangeOf, historyOf } from '../../../shared/pack/order-history.ts';
import type { PublicRoot } from '../../../shared/pack/public-root.ts';
import { provesAffected, type ReceiptTally, tallyReceipts } from '../../../shared/pack/receipt-tally.ts';
import { summaryPage } from '../../../shared/pack/summary-page.ts';
import type { DeviceId, PackId } from '../../../shared/protocol/ids.ts';
import type { StoredCheckpoint } from '../../ledger/ledger.ts';
import { readPayload, revisionEnvelopeOf } from '../adoption/revision-payload.ts';
import { slices } from '../impact/rehearsal.ts';
import type { RevisionRow } from '../ports.ts';
import { json, type PackFile } from './pack-file.ts';
import { PackHandles } from './pack-handles.ts';
import { ledgerFiles } from './pack-ledger.ts';
import type { PackPorts, PackReceipt } from './pack-ports.ts';
import type { Snapshot } from './pack-snapshot.ts';
import { readRecord } from './proceedings.ts';

/** Maximum number of devices whose receipts are in one file. A file thus has about 100 kB. */
const DEVICES_IN_A_FILE = 20;
/** Number of devices that are processed in one turn of the event loop, which takes a few milliseconds. */
const DEVICES_AT_ONCE = 5;
/** Number of devices whose certificates are read together. The number is small because a device gets a new certificate every month. */
const CERTIFICATES_AT_ONCE = 50;
const PAGE = 1000;

export interface PackContent {
  readonly id: PackId;
  readonly order: string;
  readonly root: PublicRoot;
  /**
   * Checkpoint of the ledger that a recipient of the evidence pack already has. The evidence pack proves that the ledger only grew after
   * this checkpoint. Null if no such checkpoint was given.
   */
  readonly since: StoredCheckpoint | null;
  readonly snapshot: Snapshot;
  readonly madeAt: string;
  readonly organization: string;
}

interface Silence {
  readonly affected: number;
  readonly silent: readonly string[];
}

interface SummaryParts {
  readonly silence: Silence;
  readonly locations: readonly PackedLocation[];
  readonly destruction: Destruction | null;
  readonly records: readonly ProceedingRecord[];
}

export class PackFiles {
  readonly #ports: PackPorts;
  readonly #pack: PackContent;
  readonly #adopted: readonly RevisionRow[];
  readonly #handles = new PackHandles();
  readonly #tally: ReceiptTally;
  readonly #affected = new Set<DeviceId>();

  constructor(ports: PackPorts, pack: PackContent) {
    this.#ports = ports;
    this.#pack = pack;
    this.#adopted = pack.snapshot.revisions.filter(({ adoptedAt }) => adoptedAt !== null);
    this.#tally = tallyReceipts(
      new Map(
        this.#adopted.map(({ revision, payload }) => [revision, Date.parse(readPayload(payload).terms.effective)]),
      ),
    );
  }

  async *all(): AsyncGenerator<PackFile> {
    const ports = this.#ports;
    const { root, since, snapshot } = this.#pack;
    const { revisions, approverSets } = snapshot;
    const adopted = this.#adopted;
    yield [PUBLIC_ROOT, json(root)];
    yield [AUTHORITY.root, Buffer.from(ports.authority.rootPem)];
    yield [AUTHORITY.issuing, Buffer.from(ports.authority.issuingPem)];
    for (const [at, envelope] of approverSets.entries()) yield [numbered('approvers', at + 1), json(envelope)];
    for (const row of revisions) yield [numbered('revisions', row.revision), json(revisionEnvelopeOf(row))];

    const lists = new Set(adopted.flatMap(({ listedIn }) => listedIn ?? []));
    for (const version of [...lists].sort((a, b) => a - b)) {
      const envelope = await ports.store.list(version);
      // The store may lack an old order list, because the server deletes order lists after some years.
      if (envelope) yield [numbered('lists', version), json(envelope)];
    }
    yield* ledgerFiles(ports, snapshot, since);
    yield* this.#receiptFiles();
    const silence = await this.#silence();
    yield [SILENT, json(silence)];
    const locations = await this.#locations();
    if (locations.length > 0) yield [LOCATIONS, json(locations)];
    const destruction = await this.#destruction();
    if (destruction) yield [DESTRUCTION, json(destruction)];
    const records = snapshot.proceedings.map(readRecord);
    if (records.length > 0) yield [PROCEEDINGS, json(records)];
    yield [SUMMARY, Buffer.from(this.#summary({ silence, locations, destruction, records }))];
  }

  async #signingCertificates(receipts: readonly PackReceipt[]): Promise<Map<DeviceId, string[]>> {
    const neededKeys = new Map<DeviceId, Set<string>>();
    for (const { device, generation, envelope } of receipts) {
      const keys = neededKeys.get(device) ?? new Set();
      for (const { keyid } of envelope.signatures) keys.add(`${generation} ${keyid}`);
      neededKeys.set(device, keys);
    }
    const found = new Map<DeviceId, string[]>();
    for (const some of slices(
      await this.#ports.receipts.deviceCertificates([...neededKeys.keys()]),
      CERTIFICATES_AT_ONCE,
    )) {
      for (const { device, generation, der } of some) {
        const keys = neededKeys.get(device);
        if (!keys || keys.size === 0) continue;
        const { publicKey } = new X509Certificate(Buffer.from(der, 'base64'));
        if (keys.delete(`${generation} ${keyidOf(publicKey)}`)) found.set(device, [...(found.get(device) ?? []), der]);
      }
      await turn();
    }
    return found;
  }

  async *#receiptFiles(): AsyncGenerator<PackFile> {
    const { store, packs } = this.#ports;
    const { order, snapshot } = this.#pack;
    const upTo = snapshot.revisions.length;
    let after: DeviceId | null = null;
    for (let number = 1; ; number += 1) {
      const devices: DeviceId[] = await store.devicesWithReceipts(order, upTo, after, DEVICES_IN_A_FILE);
      if (devices.length === 0) return;
      const receipts = await store.receipts(order, upTo, devices);
      await turn();
      const certificates = await this.#signingCertificates(receipts);
      const handles = this.#handles.add(devices);
      const own = Map.groupBy(receipts, ({ device }) => device);
      const groups: string[] = [];
      for (const some of slices(devices, DEVICES_AT_ONCE)) {
        for (const device of some) {
          const receipts = own.get(device) ?? [];
          const totals = new Map(receipts.map(({ kind, ofKind }) => [kind, ofKind]));
          this.#tally.add(receipts);
          if (provesAffected(receipts)) this.#affected.add(device);
          const omitted = totals.values().reduce((sum, ofKind) => sum + ofKind, 0) - receipts.length;
          groups.push(
            canonicalText({
              device: handles.get(device),
              certificates: certificates.get(device) ?? [],
              receipts: receipts.map(({ envelope }) => envelope),
              ...(omitted > 0 && { omitted }),
            }),
          );
        }
        await turn();
      }
      await packs.recordHandles(this.#pack.id, handles);
      yield [numbered('receipts', number), Buffer.from(`[${groups.join(',')}]`)];
      after = devices.at(-1) ?? null;
      await turn();
    }
  }

  /**
   * Devices that the revision blocks now, devices that the order blocked when it took effect, and devices whose receipts prove that the
   * order affected them.
   */
  async #affectedBy(revision: number): Promise<DeviceId[]> {
    const { order } = this.#pack;
    const affected = new Set<DeviceId>(this.#affected);
    for (const some of slices(await this.#ports.denied(order, revision), PAGE)) {
      for (const { device } of some) affected.add(device);
      await turn();
    }
    for (let after: DeviceId | null = null; ; ) {
      const recorded: DeviceId[] = await this.#ports.executions.recordedAffected(order, after, PAGE);
      for (const device of recorded) affected.add(device);
      after = recorded.at(-1) ?? null;
      if (recorded.length < PAGE) return [...affected];
      await turn();
    }
  }

  async #silence(): Promise<Silence> {
    const current = this.#adopted.at(-1);
    if (!current) return { affected: 0, silent: [] };
    const affected = await this.#affectedBy(current.revision);
    const silent: string[] = [];
    for (const some of slices(affected, PAGE)) {
      const handles = await this.#addHandles(some);
      silent.push(...handles.values());
      await turn();
    }
    return { affected: affected.length, silent: silent.sort() };
  }

  async #addHandles(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string>> {
    const handles = this.#handles.add(new Set(devices.filter((device) => !this.#handles.has(device))));
    await this.#ports.packs.recordHandles(this.#pack.id, handles);
    return handles;
  }

  async #locations(): Promise<PackedLocation[]> {
    const { locations } = this.#pack.snapshot;
    for (const some of slices(locations, PAGE)) {
      await this.#addHandles(some.map(({ device }) => device));
      await turn();
    }
    return locations.map(({ device, record }) => ({ ...record, device: this.#handles.get(device) }));
  }

  /** Certificate of destruction; null if the order has no adopted exit. */
  async #destruction(): Promise<Destruction | null> {
    const { exits } = this.#ports;
    const { order, snapshot } = this.#pack;
    const exit = this.#adopted.findLast(({ action }) => action === 'exit');
    const progress = await exits.progressAnew(order);
    if (exit?.adoptedAt == null || !progress) return null;
    const { held, waiting, unanswered } = progress;
    const logged = new Set(snapshot.entries.map(({ particulars: { destroyed } }) => destroyed));
    const devices: Destruction['devices'] = [];
    for (const some of slices(await exits.exits(order), PAGE)) {
      const ends = some
        .map(({ device, outcome, at, destroyed, salt }) => {
          return { device, end: { outcome, at: new Date(at).toISOString(), destroyed, salt } };
        })
        // Enrollments that ended after the snapshot of the ledger are skipped, because the pack lacks their ledger entries.
        .filter(({ end }) => logged.has(endDigest(end)));
      await this.#addHandles(ends.map(({ device }) => device));
      for (const { device, end } of ends) devices.push({ device: this.#handles.get(device), ...end });
      await turn();
    }
    devices.sort((a, b) => (a.device < b.device ? -1 : 1));
    const approved = { revision: exit.revision, adoptedAt: new Date(exit.adoptedAt).toISOString() };
    return { order, ...approved, devices, held, waiting, unanswered };
  }

  #summary({ silence, locations, destruction, records }: SummaryParts): string {
    const { installation } = this.#ports;
    const { order, id: pack, root, snapshot, madeAt, organization } = this.#pack;
    const { approverSets, entries, revisions } = snapshot;
    const sets = approverSets.map(readApproverSet);
    const newest = sets.at(-1);
    if (!newest) throw new CordonError('approvers_required', 'There is no approver set yet.');
    const signed = revisions.map(({ revision, digest, payload, approvals }) => {
      const keyids = approvals.map(({ keyid }) => keyid);
      return { number: revision, digest, payload, document: readPayload(payload), keyids };
    });
    return summaryPage({
      madeAt,
      organization,
      installation,
      pack,
      order,
      approvers: newest.approvers,
      fingerprint: fingerprintOf(root),
      revisions: historyOf(signed, entries, new Map(sets.flatMap(({ persons }) => [...persons]))),
      effects: entries.flatMap((entry) => effectChangeOf(order, entry) ?? []),
      receipts: this.#tally.counts(),
      affected: silence.affected,
      silent: silence.silent.length,
      locations,
      destruction,
      proceedings: proceedingState(records),
    });
  }
}
