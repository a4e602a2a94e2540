/**
 * Verification of a sealed export of the activity log, without a server. It proves that no exported entry was changed, removed or reordered
 * after its batch was sealed. Without a copy of the ledger, the operator could have made all batches anew.
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import { subjectCommitment } from '../ledger/make-entry.ts';
import { type ActivityBatch, type ActivityEntry, activityBatchSchema, activityEntrySchema } from './activity-entry.ts';
import { activityLeaf, activityRoot, batchHash } from './activity-hash.ts';

export const ACTIVITY_FORMAT = 'cordon-activity-1';

/** Lines of a sealed export (JSON, one object per line), in this order: head, then each batch with its entries, then the end. */
export const exportLineSchema = z.union([
  z.strictObject({
    format: z.literal(ACTIVITY_FORMAT),
    installation: z.string(),
    from: z.int().nullable(),
    to: z.int().nullable(),
    exportedAt: z.int(),
  }),
  /**
   * Batch of entries. `salt`: salt of the commitment in the ledger. `expired`: true if the retention period of the entries is over, so that
   * only their hash remains.
   */
  z.strictObject({ batch: activityBatchSchema, salt: z.string(), expired: z.boolean() }),
  z.strictObject({ entry: activityEntrySchema }),
  /** Entry that is not in a batch yet. Nothing proves that it is unchanged. */
  z.strictObject({ unsealed: activityEntrySchema }),
  z.strictObject({ end: z.strictObject({ batches: z.int(), entries: z.int() }) }),
]);
export type ExportLine = z.infer<typeof exportLineSchema>;

/** Commitment of a batch in the ledger, from an entry of the kind `activity.sealed`. */
export interface LedgerCommitment {
  readonly batch: number;
  readonly at: number;
  readonly subject: string;
}

export interface VerifiedExport {
  readonly installation: string;
  readonly batches: number;
  readonly entries: number;
  /** Number of batches whose entries the server removed after their retention period, and the time of the newest such entry. */
  readonly expired: number;
  readonly newestExpired: number | null;
  readonly unsealed: number;
  readonly first: { readonly number: number; readonly at: number } | null;
  readonly last: { readonly number: number; readonly at: number; readonly hash: string } | null;
  /** Number of batches whose commitment is in the ledger; null without a copy of the ledger. */
  readonly inLedger: number | null;
}

export function commitmentOf({ kind, at, subject, public: facts }: LedgerEntry): LedgerCommitment | null {
  return kind === 'activity.sealed' && subject !== null && typeof facts.batch === 'number'
    ? { batch: facts.batch, at, subject }
    : null;
}

const invalid = (detail: string, context: Record<string, unknown> = {}): CordonError =>
  new CordonError('proof_invalid', detail, context);

/**
 * Verifies the lines of a sealed export. Throws `proof_invalid` with the number of the line or batch. `commitments`: the commitments in a
 * verified copy of the ledger.
 */
export async function verifyActivityExport(
  lines: AsyncIterable<string> | Iterable<string>,
  commitments: readonly LedgerCommitment[] | null = null,
): Promise<VerifiedExport> {
  const check = new ExportCheck(commitments);
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line === '') continue;
    check.line(parseLine(line, number), number);
  }
  return check.result();
}

function parseLine(line: string, number: number): ExportLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new CordonError(
      'proof_invalid',
      `Line ${number} is not JSON. Export the log again.`,
      { line: number },
      cause,
    );
  }
  const parsed = exportLineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CordonError(
    'proof_invalid',
    `Line ${number} is not a line of a sealed export. Create the file with "cordon activity export".`,
    { line: number },
    parsed.error,
  );
}

class ExportCheck {
  readonly #commitments: ReadonlyMap<number, readonly LedgerCommitment[]> | null;
  #head: Extract<ExportLine, { format: string }> | null = null;
  #open: { readonly batch: ActivityBatch; readonly expired: boolean; readonly leaves: Buffer[]; last: number } | null =
    null;
  #first: VerifiedExport['first'] = null;
  #last: VerifiedExport['last'] = null;
  #batches = 0;
  #entries = 0;
  #expired = 0;
  #newestExpired: number | null = null;
  #unsealed = 0;
  #inLedger = 0;
  #ended = false;

  constructor(commitments: readonly LedgerCommitment[] | null) {
    this.#commitments = commitments && Map.groupBy(commitments, ({ batch }) => batch);
  }

  line(line: ExportLine, number: number): void {
    if (this.#ended) throw invalid(`Line ${number} follows the end of the export.`, { line: number });
    if ('format' in line) {
      if (this.#head) throw invalid(`Line ${number} starts a second export.`, { line: number });
      this.#head = line;
      return;
    }
    if (!this.#head) throw invalid('The file has no first line of an export. Export the log again.');
    if ('batch' in line) this.#begin(line);
    else if ('entry' in line) this.#add(line.entry, number);
    else if ('unsealed' in line) this.#unsealed += 1;
    else this.#end(line.end);
  }

  result(): VerifiedExport {
    if (!this.#head || !this.#ended) throw invalid('The export ends too early. Lines at its end are missing.');
    this.#requireWholeRange(this.#head);
    return {
      installation: this.#head.installation,
      batches: this.#batches,
      entries: this.#entries,
      expired: this.#expired,
      newestExpired: this.#newestExpired,
      unsealed: this.#unsealed,
      first: this.#first,
      last: this.#last,
      inLedger: this.#commitments && this.#inLedger,
    };
  }

  #begin({ batch, salt, expired }: Extract<ExportLine, { batch: unknown }>): void {
    this.#close();
    const { number } = batch;
    if (this.#last && number !== this.#last.number + 1) {
      throw invalid(`Batch ${number} follows batch ${this.#last.number}. A batch is missing or out of order.`, {
        number,
      });
    }
    if (this.#last && batch.previous !== this.#last.hash) {
      throw invalid(`Batch ${number} does not continue batch ${this.#last.number}.`, { number });
    }
    const hash = batchHash(batch);
    if (this.#commitments) {
      const commitment = subjectCommitment(Buffer.from(salt, 'hex'), hash);
      // After a restore from a backup, the ledger may have two commitments of one number.
      if (!this.#commitments.get(number)?.some(({ subject }) => subject === commitment)) {
        throw invalid(
          `The ledger has no commitment of batch ${number} with this content. Copy the ledger again; if the error remains, the batch was changed.`,
          { number },
        );
      }
      this.#inLedger += 1;
    }
    this.#first ??= { number, at: batch.sealedAt };
    this.#last = { number, at: batch.sealedAt, hash };
    this.#batches += 1;
    if (expired) {
      this.#expired += 1;
      this.#newestExpired = Math.max(this.#newestExpired ?? 0, batch.to);
    }
    this.#open = { batch, expired, leaves: [], last: 0 };
  }

  #add(entry: ActivityEntry, number: number): void {
    if (!this.#open) throw invalid(`Line ${number} is an entry without a batch.`, { line: number });
    if (entry.id <= this.#open.last) throw invalid(`Line ${number} is out of order.`, { line: number });
    this.#open.last = entry.id;
    this.#open.leaves.push(activityLeaf(entry));
    this.#entries += 1;
  }

  #close(): void {
    if (!this.#open) return;
    const { batch, expired, leaves } = this.#open;
    this.#open = null;
    if (expired && leaves.length === 0) return;
    if (leaves.length !== batch.size) {
      throw invalid(`Batch ${batch.number} has ${leaves.length} of ${batch.size} entries.`, { number: batch.number });
    }
    if (activityRoot(leaves).toString('hex') !== batch.root) {
      throw invalid(`An entry of batch ${batch.number} was changed or reordered.`, { number: batch.number });
    }
  }

  #end({ batches, entries }: { readonly batches: number; readonly entries: number }): void {
    this.#close();
    if (batches !== this.#batches || entries !== this.#entries) {
      throw invalid(
        `The export states ${batches} batches with ${entries} entries. It has ${this.#batches} with ${this.#entries}.`,
      );
    }
    this.#ended = true;
  }

  /** Throws if the ledger has a batch that was sealed within the range of the export and is not in the export. */
  #requireWholeRange({ from, to, exportedAt }: Extract<ExportLine, { format: string }>): void {
    if (!this.#commitments) return;
    for (const [number, listed] of this.#commitments) {
      const inside = listed.some(({ at }) => at >= (from ?? 0) && at <= Math.min(to ?? exportedAt, exportedAt));
      const exported = this.#first && this.#last && number >= this.#first.number && number <= this.#last.number;
      if (inside && !exported) throw invalid(`The export lacks batch ${number}, which the ledger names.`, { number });
    }
  }
}
