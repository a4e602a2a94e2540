import { sql } from 'kysely';
import type { Revoked } from '../../certs/certificate.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { ContinuationRow } from '../recovery/continuations.ts';
import type {
  CertificateRestore,
  DocumentRestore,
  LedgerRestore,
  LostCertificate,
  PublishedEntry,
  RestoreWork,
  RevokedSince,
  RowRestore,
  SignedCrl,
  SignedList,
  Withdrawn,
} from '../recovery/ports.ts';
import type { RecoveryState } from '../recovery/recovery-state.ts';
import { raisedCount } from '../recovery/version-jump.ts';
import { appendEntry } from './append-entries.ts';
import { insertOf, tableOf } from './bulk.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import { insertContinuation } from './continuation-store.ts';
import type { Tx } from './database.ts';
import { endDevice } from './device-store.ts';
import { getMeta, ORDER_FLOOR_KEY, RECOVERY_KEY, setMeta } from './meta-store.ts';
import { revokedCertificates } from './revoked-certificates.ts';

const ROWS_AT_ONCE = 2_000;
/** Revocation reason `superseded` (RFC 5280, section 5.3.1): another certificate replaces the revoked one. */
const SUPERSEDED = 4;
/**
 * Milliseconds, longer than any certificate's lifetime. If only a revocation list (CRL) names a revoked certificate, the certificate's
 * expiry is unknown. The server then assumes this lifetime from the revocation on, so that new revocation lists include the certificate.
 */
const LONGEST_CERTIFICATE = 400 * 86_400_000;

export const restoreSteps = (tx: Tx): RestoreWork => ({
  ledger: new LedgerSteps(tx),
  documents: new DocumentSteps(tx),
  certificates: new CertificateSteps(tx),
  rows: new RowSteps(tx),
});

class LedgerSteps implements LedgerRestore {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  async entries(from: number, limit: number): Promise<{ body: string; hash: string }[]> {
    return await this.#tx
      .selectFrom('ledger_entries')
      .select(['body', 'hash'])
      .where('entry_index', '>=', from)
      .orderBy('entry_index')
      .limit(limit)
      .execute();
  }

  async waiting(): Promise<{ id: number; hash: string }[]> {
    return await this.#tx
      .selectFrom('ledger_entries')
      .select(['id', 'hash'])
      .where('entry_index', 'is', null)
      .orderBy('id')
      .execute();
  }

  async setIndex(id: number, index: number): Promise<void> {
    await this.#tx.updateTable('ledger_entries').set({ entry_index: index }).where('id', '=', id).execute();
  }

  async addPublished(
    entries: readonly PublishedEntry[],
    hashes: readonly { readonly level: number; readonly position: number; readonly hash: string }[],
  ): Promise<void> {
    for (let from = 0; from < entries.length; from += ROWS_AT_ONCE) {
      await insertOf(
        'ledger_entries',
        { entry_index: 'bigint', kind: 'text', at: 'bigint', body: 'text', hash: 'text' },
        entries
          .slice(from, from + ROWS_AT_ONCE)
          .map(({ index, kind, at, body, hash }) => [index, kind, at, body, hash]),
      ).execute(this.#tx);
    }
    for (let from = 0; from < hashes.length; from += ROWS_AT_ONCE) {
      await insertOf(
        'ledger_hashes',
        { level: 'bigint', position: 'bigint', hash: 'text' },
        hashes.slice(from, from + ROWS_AT_ONCE).map(({ level, position, hash }) => [level, position, hash]),
      ).execute(this.#tx);
    }
  }

  async addCheckpoint(size: number, note: string, at: number): Promise<void> {
    await this.#tx.insertInto('checkpoints').values({ size, note, at }).execute();
  }

  async append(entry: EntryDraft): Promise<void> {
    await appendEntry(this.#tx, entry);
  }

  async addContinuation(row: ContinuationRow): Promise<void> {
    const found = await this.#tx
      .selectFrom('ledger_continuations')
      .select('digest')
      .where('digest', '=', row.digest)
      .executeTakeFirst();
    if (!found) await insertContinuation(this.#tx, row);
  }
}

class CertificateSteps implements CertificateRestore {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  async revoke(
    { serial, at, reason, fingerprint, notAfter }: RevokedSince,
    entryOf: ((serial: string) => EntryDraft<'certificate.revoked'>) | null,
  ): Promise<'known' | 'unknown' | 'already'> {
    const tx = this.#tx;
    const found = await tx
      .selectFrom('certificates')
      .leftJoin('devices', 'devices.id', 'certificates.device_id')
      .select(['revoked_at', 'device_id', 'certificates.generation', 'devices.generation as present', 'devices.status'])
      .where('serial', '=', serial)
      .executeTakeFirst();
    if (found && found.revoked_at !== null) return 'already';
    if (!found) {
      await tx
        .insertInto('certificates')
        .values({
          serial,
          device_id: null,
          generation: null,
          profile: 'device',
          der: '',
          fingerprint: fingerprint ?? `serial:${serial}`,
          not_before: at,
          not_after: notAfter ?? at + LONGEST_CERTIFICATE,
          issued_at: at,
          revoked_at: at,
          revocation_reason: reason,
          superseded_at: null,
        })
        .execute();
      if (entryOf) await appendEntry(tx, entryOf(serial));
      return 'unknown';
    }
    if (found.device_id !== null) enrollmentChanges(tx, deviceIdSchema.parse(found.device_id));
    await tx
      .updateTable('certificates')
      .set({ revoked_at: at, revocation_reason: reason })
      .where('serial', '=', serial)
      .execute();
    if (entryOf) await appendEntry(tx, entryOf(serial));
    if (reason !== SUPERSEDED && found.status === 'active' && found.generation === found.present) {
      const device = deviceIdSchema.parse(found.device_id);
      await endDevice(tx, device, { status: 'revoked', at, realAt: at, reason }, entryOf);
    }
    return 'known';
  }

  async expect(certificates: readonly LostCertificate[]): Promise<number> {
    let count = 0;
    for (const { serial, fingerprint, notAfter } of certificates) {
      const { rows } = await sql`
        insert into lost_certificates (serial, fingerprint, not_after, published)
        select cast(${serial} as text), cast(${fingerprint} as text), cast(${notAfter} as bigint), 1
        where not exists (select 1 from certificates where certificates.serial = ${serial})
        on conflict do nothing
        returning serial`.execute(this.#tx);
      count += rows.length;
    }
    return count;
  }
}

const RESTORED = 'The server was restored from a backup.';

class RowSteps implements RowRestore {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  async withdraw(now: number, realNow: number): Promise<Withdrawn> {
    const tx = this.#tx;
    const removed = async (table: 'sessions' | 'api_tokens') =>
      Number((await tx.deleteFrom(table).executeTakeFirst()).numDeletedRows);
    const changed = async (statement: ReturnType<typeof sql>) =>
      Number((await statement.execute(tx)).numAffectedRows ?? 0n);
    const withdrawn = {
      sessions: await removed('sessions'),
      tokens: await removed('api_tokens'),
      invitations: await changed(
        sql`update invitations set expires_at = ${realNow} where used_at is null and expires_at > ${realNow}`,
      ),
      codes: await changed(
        sql`update activation_codes set canceled_at = ${realNow} where used_at is null and canceled_at is null`,
      ),
      commands:
        (await changed(sql`update commands set state = 'canceled', finished_at = ${realNow}, detail = ${RESTORED}
          where state = 'queued'`)) + (await this.#cancelJobs(realNow)),
      proposals: await changed(
        sql`update order_revisions set state = 'superseded', ended_at = ${now}, end_reason = ${RESTORED}
          where state in ('requested', 'waiting')`,
      ),
    };
    await tx.deleteFrom('address_verifications').execute();
    // Recovery codes are deleted, because a code may have been used after the backup.
    await tx.deleteFrom('recovery_codes').execute();
    // Single-use key packages are deleted, because the original server may have given them out already.
    await tx.deleteFrom('key_packages').where('last_resort', '=', 0).execute();
    await tx.deleteFrom('approver_sets').where('state', '=', 'waiting').execute();
    await tx.deleteFrom('ledger_continuations').where('state', '=', 'waiting').execute();
    await tx.updateTable('device_presence').set({ connected: 0, changed_at: now }).where('connected', '=', 1).execute();
    return withdrawn;
  }

  async #cancelJobs(realNow: number): Promise<number> {
    const jobs = await this.#tx
      .updateTable('jobs')
      .set((eb) => ({
        ended_at: realNow,
        ended_as: 'canceled' as const,
        ended_detail: RESTORED,
        state: eb
          .case()
          .when('state', '=', 'finished')
          .then('finished' as const)
          .else('aborted' as const)
          .end(),
      }))
      .where('ended_at', 'is', null)
      .returning('waiting')
      .execute();
    return jobs.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  async raiseOrderNumbers(by: number, year: number): Promise<void> {
    const tx = this.#tx;
    await tx
      .updateTable('orders')
      .set((eb) => ({ latest_revision: eb('latest_revision', '+', by) }))
      .execute();
    const orders = await tx.selectFrom('orders').select('number').execute();
    const used = Math.max(0, ...orders.map(({ number }) => Number(number.split('-')[1])));
    const before = JSON.parse((await getMeta(tx, ORDER_FLOOR_KEY)) ?? '{"floor":0}');
    await setMeta(
      tx,
      ORDER_FLOOR_KEY,
      JSON.stringify({ through: year, floor: raisedCount(used, Number(before.floor)) }),
    );
  }

  async conversations(): Promise<number> {
    const { rows } = await sql<{ count: number | string }>`
      select count(*) as count from conversations c where exists (
        select 1 from conversation_members m join devices d on d.id = m.device_id and d.generation = m.generation
        where m.conversation = c.conversation and d.status = 'active')`.execute(this.#tx);
    return Number(rows[0]?.count ?? 0);
  }

  async save(state: RecoveryState): Promise<void> {
    await setMeta(this.#tx, RECOVERY_KEY, JSON.stringify(state));
  }
}

class DocumentSteps implements DocumentRestore {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  async newestList(): Promise<SignedList | null> {
    const row = await this.#tx
      .selectFrom('order_lists')
      .selectAll()
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const { version, hash } = row;
    return { version, hash, envelope: parseEnvelope(row.envelope), issuedAt: row.issued_at, expiresAt: row.expires_at };
  }

  async addList(list: SignedList, entry: EntryDraft<'order.list'>): Promise<void> {
    const { version, hash, envelope, issuedAt, expiresAt } = list;
    await this.#tx
      .insertInto('order_lists')
      .values({ version, hash, envelope: JSON.stringify(envelope), issued_at: issuedAt, expires_at: expiresAt })
      .execute();
    await appendEntry(this.#tx, entry);
  }

  async newestCrl(): Promise<number> {
    const row = await this.#tx
      .selectFrom('crls')
      .select(({ fn }) => fn.max('number').as('number'))
      .executeTakeFirst();
    return Number(row?.number ?? 0);
  }

  revokedNow(endsAfter: number): Promise<Revoked[]> {
    return revokedCertificates(this.#tx, endsAfter);
  }

  async addCrl(crl: SignedCrl, entry: EntryDraft<'crl.issued'>): Promise<void> {
    const { number, der, thisUpdate, nextUpdate, entries } = crl;
    await this.#tx.deleteFrom('crls').execute();
    await this.#tx
      .insertInto('crls')
      .values({ number, der: der.toString('base64'), this_update: thisUpdate, next_update: nextUpdate, entries })
      .execute();
    await appendEntry(this.#tx, entry);
  }

  async records(after: string, limit: number): Promise<{ device: string; envelope: Envelope }[]> {
    const rows = await this.#tx
      .selectFrom('device_records')
      .select(['device_id', 'envelope'])
      .where('device_id', '>', after)
      .orderBy('device_id')
      .limit(limit)
      .execute();
    return rows.map(({ device_id, envelope }) => ({ device: device_id, envelope: parseEnvelope(envelope) }));
  }

  async saveRecords(
    records: readonly { readonly device: string; readonly version: number; readonly envelope: Envelope }[],
  ): Promise<void> {
    const rows = tableOf(
      ['text', 'bigint', 'text'],
      records.map(({ device, version, envelope }) => [device, version, JSON.stringify(envelope)]),
    );
    await sql`update device_records set version = v.column2, envelope = v.column3
      from ${rows} as v where device_id = v.column1`.execute(this.#tx);
    await sql`update devices set record_version = v.column2 from ${rows} as v where id = v.column1`.execute(this.#tx);
  }
}
