/** The newest time that the server wrote into the store, and the last time at which a server ran. */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { ClockStore as ClockPort } from '../clock/clock-watch.ts';
import type { Heartbeat, StartFacts } from '../clock/start-check.ts';
import type { StoredCorrection, StoredProposal, TimeCorrectionStore } from '../clock/time-correction-store.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const HEARTBEAT = 'clock.heartbeat';
/** Milliseconds of one time step of an authenticator code (RFC 6238). */
const TOTP_PERIOD = 30_000;
const AHEAD_UNTIL = 'clock.ahead-until';

export class ClockStore implements ClockPort, TimeCorrectionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest time from the server's own clock. Times from devices are excluded, because a wrong one could prevent the server's start. */
  async newestTime(): Promise<StartFacts['newest']> {
    const { db } = this.#database;
    const found = await Promise.all([
      db.selectFrom('ledger_entries').select('at').orderBy('id', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('checkpoints').select('at').orderBy('size', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('order_lists').select('issued_at as at').orderBy('version', 'desc').limit(1).executeTakeFirst(),
      db.selectFrom('crls').select('this_update as at').orderBy('number', 'desc').limit(1).executeTakeFirst(),
      db
        .selectFrom('device_presence')
        .select('last_seen_at as at')
        .orderBy('last_seen_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    ]);
    const names = ['a ledger entry', 'a checkpoint', 'an order list', 'a revocation list', "a device's presence"];
    return found.reduce<StartFacts['newest']>((newest, row, index) => {
      if (row === undefined || (newest !== null && newest.at >= row.at)) return newest;
      return { at: row.at, what: names[index] ?? 'a time' };
    }, null);
  }

  async heartbeat(): Promise<Heartbeat | null> {
    const stored = await getMeta(this.#database.db, HEARTBEAT);
    return stored === null ? null : JSON.parse(stored);
  }

  saveHeartbeat(beat: Heartbeat): Promise<void> {
    return setMeta(this.#database.db, HEARTBEAT, JSON.stringify(beat));
  }

  async aheadUntil(): Promise<number | null> {
    const stored = await getMeta(this.#database.db, AHEAD_UNTIL);
    return stored === null ? null : Number(stored);
  }

  async recordSetBack({ now, aheadUntil }: { readonly now: number; readonly aheadUntil: number }): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const stored = Number((await getMeta(tx, AHEAD_UNTIL)) ?? 0);
      await setMeta(tx, AHEAD_UNTIL, String(Math.max(stored, aheadUntil)));
      // Sessions that began in the future would last longer than the organization allows. Codes of a later time step were used, and the
      // person could not sign in until that time.
      await tx.deleteFrom('sessions').where('created_at', '>', now).execute();
      const step = Math.floor(now / TOTP_PERIOD);
      await tx
        .updateTable('accounts')
        .set({ totp_last_step: step })
        .where('totp_last_step', '>', step + 1)
        .execute();
      await tx.updateTable('device_presence').set({ last_seen_at: now }).where('last_seen_at', '>', now).execute();
    });
  }

  async corrections(limit: number): Promise<StoredCorrection[]> {
    const rows = await this.#database.db
      .selectFrom('time_corrections')
      .selectAll()
      .orderBy('version', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ version, envelope, published_at, published_by }) => ({
      version,
      envelope: JSON.parse(envelope),
      publishedAt: published_at,
      publishedBy: published_by,
    }));
  }

  async addCorrection(correction: StoredCorrection, entry: EntryDraft<'time.corrected'>): Promise<void> {
    const { version, envelope, publishedAt, publishedBy } = correction;
    await this.#database.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows = 0n } = await tx
        .insertInto('time_corrections')
        .values({
          version,
          envelope: JSON.stringify(envelope),
          published_at: publishedAt,
          published_by: publishedBy,
        })
        .onConflict((conflict) => conflict.column('version').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) {
        throw new CordonError('conflict', `Time correction ${version} exists already.`);
      }
      // Each later correction needs a new version, so nobody can publish the pending proposal any more.
      await tx.deleteFrom('time_correction_proposals').execute();
      await appendEntry(tx, entry);
    });
  }

  async proposal(): Promise<StoredProposal | null> {
    const row = await this.#database.db.selectFrom('time_correction_proposals').selectAll().executeTakeFirst();
    if (!row) return null;
    const { digest, payload, signatures, proposed_at, proposed_by } = row;
    return { digest, payload, signatures: JSON.parse(signatures), proposedAt: proposed_at, proposedBy: proposed_by };
  }

  async propose({ digest, payload, signatures, proposedAt, proposedBy }: StoredProposal): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('time_correction_proposals').execute();
      await tx
        .insertInto('time_correction_proposals')
        .values({
          digest,
          payload,
          signatures: JSON.stringify(signatures),
          proposed_at: proposedAt,
          proposed_by: proposedBy,
        })
        .execute();
    });
  }

  async addSignature(digest: string, signature: StoredProposal['signatures'][number]): Promise<StoredProposal | null> {
    const found = await this.#database.transaction(async (tx) => {
      const row = await tx
        .selectFrom('time_correction_proposals')
        .select('signatures')
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (!row) return false;
      const signatures: StoredProposal['signatures'] = JSON.parse(row.signatures);
      const others = signatures.filter(({ keyid }) => keyid !== signature.keyid);
      await tx
        .updateTable('time_correction_proposals')
        .set({ signatures: JSON.stringify([...others, signature]) })
        .where('digest', '=', digest)
        .execute();
      return true;
    });
    return found ? this.proposal() : null;
  }

  async acceptClock(entry: EntryDraft<'clock.accepted'>): Promise<void> {
    await this.#database.transaction((tx) => appendEntry(tx, entry));
  }
}
