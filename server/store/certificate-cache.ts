/**
 * Cache of device certificates with the state of their devices, because the server reads a device's certificate for every connection. While
 * a transaction changes the enrollment or a certificate of a device, the cache contains nothing about this device (ADR 47).
 */
import type { Transaction } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { CertificateRow } from '../devices/ports.ts';
import type { Schema } from './schema.ts';
import { StoreCache } from './store-cache.ts';

type Tx = Transaction<Schema>;

/** Maximum number of certificates in memory. One certificate takes about 0.5 KiB. */
const MOST = 50_000;

export class CertificateCache {
  /** For each device, the certificate that it used last. */
  readonly #rows: StoreCache<DeviceId, CertificateRow>;
  readonly #devices = new Map<string, DeviceId>();

  constructor(most = MOST) {
    this.#rows = new StoreCache(most);
  }

  get(fingerprint: string): CertificateRow | undefined {
    const device = this.#devices.get(fingerprint);
    const row = device && this.#rows.get(device);
    if (row?.fingerprint === fingerprint) return row;
    // The cache no longer has this certificate, or the device has another certificate in the cache.
    this.#devices.delete(fingerprint);
    return undefined;
  }

  get revision(): number {
    return this.#rows.revision;
  }

  add(row: CertificateRow, revision: number): void {
    const { device, fingerprint } = row;
    if (device === null) return;
    const before = this.#rows.get(device);
    const removed = this.#rows.add(device, row, revision);
    if (removed) this.#devices.delete(removed.fingerprint);
    if (this.#rows.get(device) !== row) return;
    if (before) this.#devices.delete(before.fingerprint);
    this.#devices.set(fingerprint, device);
  }

  begin(device: DeviceId): void {
    const row = this.#rows.get(device);
    if (row) this.#devices.delete(row.fingerprint);
    this.#rows.begin(device);
  }

  end(device: DeviceId, outcome: Parameters<StoreCache<DeviceId, CertificateRow>['end']>[1]): void {
    this.#rows.end(device, outcome);
  }

  clear(): void {
    this.#rows.clear();
    this.#devices.clear();
  }
}

const watchers = new WeakMap<Tx, (device: DeviceId) => void>();

/** Calls `watch` for each device whose enrollment or certificates the transaction changes. */
export function watchEnrollments(tx: Tx, watch: (device: DeviceId) => void): void {
  watchers.set(tx, watch);
}

/**
 * Excludes a device from the cache until the transaction has ended. Call this function before the transaction changes the status or the
 * generation of the device, or one of its certificates.
 */
export function enrollmentChanges(tx: Tx, device: DeviceId): void {
  const watch = watchers.get(tx);
  if (!watch) throw new Error('an enrollment changes outside of a transaction of the store');
  watch(device);
}
