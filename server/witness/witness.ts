/** Witness (C2SP tlog-witness): cosigns a checkpoint only if the log's newest tree contains the tree that the witness cosigned before. */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { NoteSigner } from '../../shared/ledger/sign-checkpoint.ts';
import { signCosignature } from '../../shared/ledger/sign-cosignature.ts';
import { splitNote } from '../../shared/ledger/signed-note.ts';
import { parseSubmission, type Submission } from '../../shared/ledger/witness-protocol.ts';
import { identifyLog, judgeGrowth, type Refusal, type WitnessedLog } from './judge-submission.ts';
import type { WitnessStore } from './witness-store.ts';

export type WitnessAnswer = { readonly status: 200; readonly body: string } | Refusal;

export interface Witness {
  /** Answers `POST /add-checkpoint`. A cosignature is in the answer only after the new tree is durable. */
  addCheckpoint(body: Uint8Array): Promise<WitnessAnswer>;
}

export function createWitness({
  signer,
  logs,
  store,
  now,
  log,
}: {
  readonly signer: NoteSigner;
  readonly logs: readonly WitnessedLog[];
  readonly store: Pick<WitnessStore, 'tree' | 'replace' | 'addRefused'>;
  /** Returns the system time in Unix milliseconds. */
  readonly now: () => number;
  readonly log: (text: string) => void;
}): Witness {
  async function cosign(submission: Submission, { origin, verifier }: WitnessedLog): Promise<WitnessAnswer> {
    const { oldSize, note, text, checkpoint } = submission;
    const before = store.tree(origin);
    const refusal = await judgeGrowth(submission, before);
    const at = now();
    if (refusal?.status === 422) {
      // The log has signed this checkpoint, so the checkpoint can prove a fork.
      store.addRefused({ origin, oldSize, note, detail: refusal.detail, at });
      log(`refused ${checkpoint.size} entries of ${origin}: ${refusal.detail}`);
    }
    if (refusal) return refusal;
    const line = signCosignature(text, at, signer);
    const logLines = splitNote(note).lines.filter(({ name }) => name === verifier.name);
    const kept = `${text}\n${logLines.map((each) => `${each.line}\n`).join('')}${line}`;
    const root = Buffer.from(checkpoint.root);
    const stored = store.replace(before, { origin, size: checkpoint.size, root, note: kept, at });
    return stored ? { status: 200, body: line } : { status: 409, size: store.tree(origin).size };
  }

  return {
    async addCheckpoint(body) {
      let submission: Submission;
      try {
        submission = parseSubmission(body);
      } catch (error) {
        if (!isCordonError(error, 'invalid_input')) throw error;
        return { status: 400, detail: error.message };
      }
      const found = await identifyLog(submission, logs);
      return 'status' in found ? found : await cosign(submission, found);
    },
  };
}

/** Parses a line of the file of logs: the verifier key of the log, and its origin if it differs from the name in the key. */
export const LOGS_TEMPLATE = `# Logs that this witness cosigns, one on each line: the verifier key, and the origin if it differs from the key's name.
# A Cordon server prints its verifier key with "cordon ledger checkpoint". Compare the key with the operator by telephone.
`;

const MOST_LOGS = 1000;

/** Lines of the file that name a log, with their line numbers. Throws `invalid_input` for a malformed line. */
export function linesOfLogs(text: string): { readonly line: number; readonly key: string; readonly origin: string }[] {
  const found = text.split('\n').flatMap((raw, at) => {
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) return [];
    const space = content.indexOf(' ');
    const key = space < 0 ? content : content.slice(0, space);
    const origin = space < 0 ? content.slice(0, content.indexOf('+')) : content.slice(space + 1).trim();
    return [{ line: at + 1, key, origin }];
  });
  if (found.length > MOST_LOGS) throw new CordonError('too_large', `A witness has at most ${MOST_LOGS} logs.`);
  const twice = found.find(({ origin }, at) => found.findIndex((other) => other.origin === origin) !== at);
  if (twice) {
    throw new CordonError(
      'invalid_input',
      `Line ${twice.line} names the origin ${twice.origin} again. Remove one line.`,
    );
  }
  return found;
}
