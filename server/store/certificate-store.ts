import { createBatcher } from '../../shared/loops/batcher.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { CertificateRow, DeviceCertificate, CertificateStore as Port } from '../devices/ports.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import type { Database, Db } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import type { Schema } from './schema.ts';

/** Milliseconds for which a lookup waits for others, so that devices that connect at the same time share one query. */
const IDENTIFY_PATIENCE = 10;

export class CertificateStore implements Port {
  readonly #database: Database;
  readonly #select: ReturnType<typeof certificatesIn>;
  readonly #read = createBatcher((fingerprints: readonly string[]) => this.#certificates(fingerprints), {
    delay: IDENTIFY_PATIENCE,
  });

  constructor(database: Database) {
    this.#database = database;
    this.#select = certificatesIn(database.db);
  }

  async certificate(fingerprint: string): Promise<CertificateRow | null> {
    return this.#database.certificates.get(fingerprint) ?? (await this.#read(fingerprint)) ?? null;
  }

  async #certificates(fingerprints: readonly string[]): Promise<Map<string, CertificateRow>> {
    const cache = this.#database.certificates;
    const { revision } = cache;
    const rows = await this.#select(fingerprints);
    const read = rows.map(
      (row): CertificateRow => ({
        ...certificateOf(row),
        device: row.device_id === null ? null : deviceIdSchema.parse(row.device_id),
        issuedAt: row.issued_at,
        deviceStatus: row.device_status,
        deviceGeneration: row.device_generation,
        renews: Boolean(row.renews),
      }),
    );
    // A renewed certificate is not cached before its first use. This use ends the older certificate, so it must reach the store.
    for (const row of read) if (!row.renews) cache.add(row, revision);
    return new Map(read.map((certificate) => [certificate.fingerprint, certificate]));
  }

  async supersedeOlder({ device, generation, issuedAt }: CertificateRow, at: number): Promise<void> {
    if (device === null) return;
    await this.#database.transaction(async (tx) => {
      enrollmentChanges(tx, device);
      await tx
        .updateTable('certificates')
        .set({ superseded_at: at })
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .where('issued_at', '<', issuedAt)
        .where('superseded_at', 'is', null)
        .execute();
    });
  }

  async certificates(id: DeviceId): Promise<DeviceCertificate[]> {
    const rows = await this.#database.db
      .selectFrom('certificates')
      .selectAll()
      .where('device_id', '=', id)
      .orderBy('issued_at', 'desc')
      .orderBy('serial')
      .execute();
    return rows.map(certificateOf);
  }
}

function certificateOf(row: Omit<Schema['certificates'], 'der'>): DeviceCertificate {
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

const COLUMNS = [
  'c.serial',
  'c.device_id',
  'c.generation',
  'c.profile',
  'c.fingerprint',
  'c.not_before',
  'c.not_after',
  'c.issued_at',
  'c.revoked_at',
  'c.revocation_reason',
  'c.superseded_at',
] as const;

/** Certificates with the current state of their devices. `renews`: true if the certificate replaces an older valid certificate. */
const certificatesIn = (db: Db) =>
  keyedQuery(db, (fingerprints) =>
    db
      .selectFrom('certificates as c')
      .leftJoin('devices as d', 'd.id', 'c.device_id')
      .select(COLUMNS)
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
