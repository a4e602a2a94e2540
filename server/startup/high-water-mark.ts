/**
 * High-water mark: a signed file outside of the database with the newest versions that the server has published (ADR 84). A database that
 * is behind its mark was set back to an older state. With such a database, the server would publish a second history, and revoked devices
 * would be active again. All functions except for `readMark`, `readMarks` and `writeMark` are pure.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceDurably } from '../../shared/durable-file.ts';
import { CordonError } from '../../shared/errors.ts';
import { encodeCanonical, parseDocument } from '../../shared/order/canonical.ts';
import { type Envelope, sha256Hex } from '../../shared/order/documents.ts';
import {
  parseEnvelope,
  payloadOf,
  readPublicKey,
  type Signer,
  signEnvelope,
  signedBy,
} from '../../shared/order/dsse.ts';

/** The ending keeps the file out of backups (`isKeyFile`), because a mark from a backup would be older than the restored store. */
const MARK_FILE = 'high-water.mark';
const MARK_TYPE = 'application/vnd.cordon.high-water-mark+json';

const count = z.int().min(0);

const heightsSchema = z.strictObject({
  /** Number of marks that the server has written. The server increases this number soon after each write to the store. */
  counter: count,
  /** Ledger of the newest checkpoint. `root`: root hash, hex; empty before the first checkpoint. */
  ledger: z.strictObject({ size: count, root: sha256Hex.or(z.literal('')) }),
  /** Versions of the order list, of the revocation list (CRL) and of the adopted approver set; 0 before the first one. */
  list: count,
  crl: count,
  approvers: count,
});
export type StoreHeights = z.infer<typeof heightsSchema>;

const markSchema = z.strictObject({
  installation: z.string().min(1).max(64),
  /** Time at which the server wrote the mark, in Unix milliseconds by the machine's clock. */
  at: count,
  heights: heightsSchema,
});
export type HighWaterMark = z.infer<typeof markSchema>;

export interface StoredMark {
  readonly path: string;
  readonly mark: HighWaterMark;
  readonly envelope: Envelope;
}

/** Paths of the two copies: beside the keys of the CA, and beside the keys of people, which may be on another disk. */
export const markFilesOf = (keyFolder: string, personKeys: string): readonly string[] => [
  join(keyFolder, MARK_FILE),
  join(personKeys, MARK_FILE),
];

/** Reads a mark without a check of its signature. Returns null for a missing file. */
export function readMark(path: string): StoredMark | null {
  if (!existsSync(path)) return null;
  try {
    const envelope = parseEnvelope(readFileSync(path, 'utf8'));
    return { path, envelope, mark: parseDocument(markSchema, payloadOf(envelope, MARK_TYPE)) };
  } catch (error) {
    throw damaged(path, error);
  }
}

export interface ReadableMarks {
  readonly marks: readonly StoredMark[];
  /** Paths of the damaged copies. The server writes them again. */
  readonly damaged: readonly string[];
}

/**
 * Reads the copies of the mark. A damaged copy, such as one from a disk that lost a write, counts as missing if another copy can be read.
 * Throws `installation_mismatch` if all present copies are damaged, because nothing then proves that the store is the newest one.
 */
export function readMarks(paths: readonly string[]): ReadableMarks {
  const marks: StoredMark[] = [];
  const damaged: { readonly path: string; readonly error: unknown }[] = [];
  for (const path of paths) {
    try {
      const mark = readMark(path);
      if (mark) marks.push(mark);
    } catch (error) {
      damaged.push({ path, error });
    }
  }
  const [first] = damaged;
  if (first && marks.length === 0) throw first.error;
  return { marks, damaged: damaged.map(({ path }) => path) };
}

/** Throws `installation_mismatch` if the online key of this installation did not sign the mark. */
export function requireSignedMark({ path, envelope }: StoredMark, online: { readonly publicKey: string }): void {
  if (signedBy(envelope, [readPublicKey(online.publicKey)]).size === 0) throw damaged(path);
}

const damaged = (path: string, cause?: unknown): CordonError =>
  new CordonError(
    'installation_mismatch',
    `The high-water mark ${path} is damaged, or the keys of this installation did not sign it. Nothing was changed. Mount the right volume, or correct CORDON_HOME and CORDON_PERSON_KEYS. If you are sure that the database is the newest one, move this file away and start again.`,
    { reason: 'mark_damaged', path },
    cause,
  );

export async function writeMark(
  paths: readonly string[],
  mark: HighWaterMark,
  online: Pick<Signer, 'keyid' | 'sign'>,
): Promise<void> {
  const envelope = signEnvelope(MARK_TYPE, encodeCanonical(markSchema.parse(mark)), [online]);
  for (const path of paths) await replaceDurably(path, `${JSON.stringify(envelope)}\n`);
}

/**
 * Throws `store_set_back` if the store is behind the mark, and `installation_mismatch` for the mark of another installation. `rootThere`:
 * root hash of the store's ledger at the size in the mark; null if the ledger is smaller.
 */
export function judgeMark(
  { path, mark }: Pick<StoredMark, 'path' | 'mark'>,
  store: { readonly name: string; readonly installation: string | null; readonly heights: StoreHeights },
  rootThere: string | null,
): void {
  if (mark.installation !== store.installation) {
    throw new CordonError(
      'installation_mismatch',
      `The high-water mark ${path} belongs to ${mark.installation}, and the database ${store.name} to ${store.installation ?? 'no installation'}. Nothing was changed. Correct CORDON_HOME, CORDON_PERSON_KEYS or CORDON_DATABASE_URL.`,
      { reason: 'other_mark', path },
    );
  }
  const behind = behindMark(mark.heights, store.heights, rootThere);
  if (behind.length === 0) return;
  throw new CordonError(
    'store_set_back',
    `The database ${store.name} was set back to a state before ${new Date(mark.at).toISOString()}: ${behind.join(', ')}. The high-water mark ${path} proves this. With this database, revoked devices would connect again, and the ledger would have a second history. Nothing was changed. Start with the newest database. If it is lost, restore a backup with \`cordon restore\`. To continue with this database instead, run \`cordon accept-rollback\` and read the chapter “A database that was set back” in server/OPERATIONS.md.`,
    { path, store: store.name },
  );
}

/** Returns what is older in the store than in the mark, as texts for an admin. Empty if the store is not behind. */
export function behindMark(mark: StoreHeights, store: StoreHeights, rootThere: string | null): string[] {
  const texts: string[] = [];
  const compare = (what: string, has: number, seen: number) => {
    if (has < seen) texts.push(`${what} ${has} instead of ${seen}`);
  };
  compare('ledger size', store.ledger.size, mark.ledger.size);
  compare('order list', store.list, mark.list);
  compare('revocation list', store.crl, mark.crl);
  compare('approver set', store.approvers, mark.approvers);
  compare('write counter', store.counter, mark.counter);
  if (mark.ledger.size > 0 && rootThere !== null && rootThere !== mark.ledger.root) {
    texts.push(`another ledger with ${mark.ledger.size} entries`);
  }
  return texts;
}
