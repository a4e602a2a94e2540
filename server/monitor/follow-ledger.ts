/**
 * Step of a monitor: reads the newest checkpoint, verifies that the ledger only grew, and reads every new entry. The verified tree never
 * goes back: a fork, a truncation or a checkpoint without enough cosignatures becomes an alarm, and the tree stays.
 */
import { createHash } from 'node:crypto';
import { CordonError, type ErrorCode, isCordonError } from '../../shared/errors.ts';
import { openContinued, readContinuations } from '../../shared/ledger/check-continuations.ts';
import { requireCosignatures, type WitnessPolicy } from '../../shared/ledger/cosignature.ts';
import { entrySchema, type LedgerEntry } from '../../shared/ledger/ledger-entry.ts';
import { GrowingTree, leafHash } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { decodeBundle, TILE_WIDTH, tilePath } from '../../shared/ledger/tiles.ts';
import { CHECKPOINT, CONTINUATIONS, type CopyReader, parseContinuationsFile } from '../../shared/ledger/verify-copy.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import type { Matcher } from './match-entry.ts';
import type { Report, VerifiedTree } from './monitor-store.ts';

export interface Step {
  /** Newly verified tree; null if nothing changed. */
  readonly tree: VerifiedTree | null;
  readonly reports: readonly Report[];
  /** Alarm of this step; null if the ledger is consistent. */
  readonly alarm: Alarm | null;
}

export interface Alarm {
  readonly code: ErrorCode;
  readonly detail: string;
}

export interface FollowPorts {
  readonly read: CopyReader;
  /** Verifier key of the ledger, from the settings. */
  readonly key: string;
  readonly witnesses: WitnessPolicy | undefined;
  readonly matcherFor: (from: number, to: number) => Promise<Matcher>;
  readonly now: () => number;
}

/** Codes of failures that mean a dishonest or damaged ledger. Other failures mean that the ledger could not be read. */
const ALARMS: readonly ErrorCode[] = [
  ...(['ledger_forked', 'ledger_older', 'ledger_not_cosigned', 'checkpoint_invalid'] as const),
  ...(['proof_invalid', 'document_malformed', 'threshold_not_met'] as const),
];

/** Follows the ledger from `before`. Throws `ledger_unavailable` if it cannot be read. */
export async function followLedger(before: VerifiedTree | null, ports: FollowPorts): Promise<Step> {
  let note = '';
  try {
    note = (await need(ports.read, CHECKPOINT)).toString('utf8');
    return await verifyStep(before, note, ports);
  } catch (error) {
    const code = isCordonError(error) ? ALARMS.find((each) => each === error.code) : undefined;
    if (!(error instanceof CordonError) || code === undefined) throw error;
    const alarm = { code, detail: error.message };
    return { tree: null, reports: [alarmReport(alarm, before, note, ports.now())], alarm };
  }
}

async function verifyStep(before: VerifiedTree | null, note: string, ports: FollowPorts): Promise<Step> {
  const file = await ports.read(CONTINUATIONS);
  const known = file ? readContinuations(parseContinuationsFile(file)) : [];
  const verifier = await parseVerifierKey(ports.key);
  const { checkpoint, path } = await openContinued(note, { ...verifier, name: before?.origin ?? verifier.name }, known);
  const [continuation] = path;
  if (before && continuation && before.size > continuation.document.fork.size) {
    throw forked(
      `The ledger lost entries. It had ${before.size} entries and continues as ${checkpoint.origin} with ${continuation.document.fork.size} (ADR 39). Keep this folder as proof. Start a monitor in a new folder.`,
    );
  }
  const sameTree = before?.size === checkpoint.size && before.root.equals(checkpoint.root);
  if (sameTree && before.origin === checkpoint.origin) return { tree: null, reports: [], alarm: null };
  if (before && checkpoint.size < before.size) {
    const detail = `The ledger had ${before.size} entries and now has ${checkpoint.size}: it was cut short or restored.`;
    throw new CordonError('ledger_older', detail);
  }
  if (before?.size === checkpoint.size && !sameTree)
    throw forked(`The server has shown two different ledgers of ${before.size} entries.`);
  if (ports.witnesses) await requireCosignatures(note, ports.witnesses);

  const tree = await continueTree(before);
  const matcher = await ports.matcherFor(tree.size, checkpoint.size);
  const reports: Report[] = [];
  for (let number = Math.floor(tree.size / TILE_WIDTH); tree.size < checkpoint.size; number++) {
    const width = Math.min(TILE_WIDTH, checkpoint.size - number * TILE_WIDTH);
    const bundle = await need(ports.read, tilePath({ level: 'entries', number, width }));
    for (const body of decodeBundle(bundle, width).slice(tree.size - number * TILE_WIDTH)) {
      const entry = parseDocument(entrySchema, body);
      reports.push(...entryReports(matcher, tree.size, entry, body, ports.now()));
      tree.append(leafHash(body));
    }
  }
  if (!tree.root().equals(checkpoint.root)) {
    const detail = before
      ? `The ledger of ${checkpoint.size} entries does not continue the ${before.size} entries that the monitor has verified.`
      : 'The entries of the ledger do not match its checkpoint.';
    throw forked(detail);
  }
  const edge = tree.edge().map(({ node, hash }) => ({ ...node, hash: hash.toString('hex') }));
  const { origin, size } = checkpoint;
  return { tree: { origin, size, root: tree.root(), note, edge }, reports, alarm: null };
}

function continueTree(before: VerifiedTree | null): Promise<GrowingTree> {
  const edge = new Map(before?.edge.map(({ level, position, hash }) => [`${level}/${position}`, hash]));
  return GrowingTree.open(before?.size ?? 0, async (nodes) =>
    nodes.map(({ level, position }) => Buffer.from(edge.get(`${level}/${position}`) ?? '', 'hex')),
  );
}

async function need(read: CopyReader, path: string): Promise<Buffer> {
  const file = await read(path);
  if (file) return file;
  throw new CordonError('ledger_unavailable', `The server has no ${path}. Check the address of the ledger.`);
}

const forked = (detail: string) => new CordonError('ledger_forked', detail);
const idOf = (...parts: readonly (string | number)[]) =>
  `rep_${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32)}`;

function entryReports(matcher: Matcher, index: number, entry: LedgerEntry, body: Buffer, at: number): Report[] {
  return matcher.match(index, entry).map(({ watch, reason }) => ({
    id: idOf('entry', watch, index, leafHash(body).toString('hex')),
    kind: 'entry',
    at,
    subject: `Ledger entry about ${reason}: ${entry.kind}`,
    text: `Ledger entry ${index} (${entry.kind}) of ${new Date(entry.at).toISOString()} is about ${reason}. Rule: ${watch}.\n${body.toString('utf8')}`,
    content: { watch, reason, index, entry },
  }));
}

/** The identifier depends on the alarm and the checkpoint, so a lasting alarm is reported once for each checkpoint. */
function alarmReport({ code, detail }: Alarm, before: VerifiedTree | null, note: string, at: number): Report {
  return {
    id: idOf('alarm', code, detail, note.split('\n\n')[0] ?? ''),
    kind: 'alarm',
    at,
    subject: `ALARM of the ledger monitor: ${code}`,
    text: `${detail}\nThe monitor keeps its last verified tree. Both checkpoints are evidence:\n\n${before?.note ?? ''}\n${note.slice(0, 10_000)}`,
    content: { code, detail, verified: before?.note ?? null, shown: note.slice(0, 10_000) },
  };
}
