/**
 * Witnesses of this server's ledger. The server submits each new checkpoint to them, and stores their cosignatures. A slow or missing
 * witness never delays the ledger. After a start, the server signs no checkpoint until witnesses confirm that they know no newer one.
 * Otherwise, a server on an older copy of the store would sign a second history.
 */
import { readCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { cosignatureOf, parseWitnessKey, type WitnessPolicy } from '../../shared/ledger/cosignature.ts';
import { consistencyProof, type HashSource } from '../../shared/ledger/merkle.ts';
import { readSignatureLine, splitNote } from '../../shared/ledger/signed-note.ts';
import { formatSubmission } from '../../shared/ledger/witness-protocol.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import { type CheckpointResponse, judgeWitnessResponse, type WitnessResponse } from './judge-witness-response.ts';
import type { StoredCheckpoint } from './ledger-proofs.ts';

export interface WitnessSetting {
  readonly name: string;
  /** URL prefix of the witness (C2SP tlog-witness, submission prefix). */
  readonly url: string;
  /** Verifier key of the witness. */
  readonly key: string;
}

export interface StoredCosignature {
  readonly size: number;
  readonly witness: string;
  readonly line: string;
  readonly at: number;
}

export interface CosignatureStore {
  add(cosignature: StoredCosignature): Promise<void>;
  /** Cosignatures on the checkpoint of this size. */
  of(size: number): Promise<StoredCosignature[]>;
  newest(witness: string): Promise<StoredCosignature | null>;
  /** Newest checkpoint of at least `from` entries with cosignatures of at least `threshold` of the given witnesses. */
  newestCheckpoint(witnesses: readonly string[], threshold: number, from: number): Promise<StoredCheckpoint | null>;
}

export interface WitnessClient {
  post(url: string, submission: string): Promise<WitnessResponse>;
  /** Requests the newest checkpoint that the witness has cosigned. Status 404: the witness publishes none. */
  newest(url: string, origin: string): Promise<CheckpointResponse>;
}

export interface WitnessStatus {
  readonly name: string;
  readonly url: string;
  readonly key: string;
  /** Newest cosigned tree; null before the first cosignature. */
  readonly cosigned: { readonly size: number; readonly at: number } | null;
  /** Reason why the last submission failed; null after a success, and before the first submission. */
  readonly failure: string | null;
  /** True if the witness has not cosigned for the configured time. */
  readonly late: boolean;
}

export interface WitnessesPorts {
  readonly settings: readonly WitnessSetting[];
  readonly store: CosignatureStore;
  readonly ledger: { newest(): Promise<StoredCheckpoint | null>; readonly hashes: HashSource };
  /** Current name of the ledger. Approvers change it when they continue a ledger that lost entries (ADR 39). */
  readonly origin: () => string;
  readonly client: WitnessClient;
  /** Called with a checkpoint that a witness has cosigned and that the ledger here may not contain. */
  readonly onContradiction: (note: string) => Promise<void>;
  readonly onCosigned: () => void;
  /** Time without a cosignature after which a witness is late, in milliseconds. */
  readonly lateAfter: number;
  /** Returns the system time in Unix milliseconds. */
  readonly now: () => number;
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}

const SECOND = 1000;
/** Time after which the server submits an unchanged checkpoint again, so that a broken witness is noticed on a quiet day. */
const REFRESH_AFTER = 600 * SECOND;
const RETRY_FIRST = 2 * SECOND;
const RETRY_LAST = 300 * SECOND;
/**
 * Maximum number of submissions in one run. Several may be necessary, because the size of the witness's tree may be unknown, and may change
 * between two submissions.
 */
const MOST_SUBMISSIONS = 3;

const REMEDY =
  'Stop the server, and put the newest copy of its database in place. Without one, restore the newest backup (cordon restore --ledger with a copy of the ledger). If entries are lost for good, let approvers continue the ledger: cordon recovery continue-ledger. Remove a witness that you no longer trust from CORDON_WITNESSES.';

const WAITING_REMEDY =
  'Check the connection to the witnesses, and proxies in front of them. Remove a witness that no longer cosigns this ledger from CORDON_WITNESSES, and restart the server.';

export type Witnesses = ReturnType<typeof createWitnesses>;

export function createWitnesses(ports: WitnessesPorts) {
  const { settings, now } = ports;
  const startedAt = now();
  const witnesses = settings.map((setting) => new SubmittedWitness(setting, ports));
  /** Responses that the server needs before the first checkpoint after the start. */
  let awaited: AwaitedResponses & { readonly origin: string | null } = { needed: 0, of: [], origin: null };

  // A continuation gives the ledger a new name and gives up entries of the earlier name. Contradictions under an earlier name therefore no
  // longer count.
  const contradiction = (): string | null => {
    const found = witnesses.find((witness) => witness.contradiction?.origin === ports.origin());
    return found?.contradiction?.what ?? null;
  };
  const responded = () =>
    witnesses.filter(({ hasResponded, setting }) => hasResponded && awaited.of.includes(setting.key)).length;
  const isWaiting = () => awaited.origin === ports.origin() && responded() < awaited.needed;

  return {
    /**
     * Asks the witnesses before the first checkpoint. Resolves when enough of them have responded, or after `within` milliseconds. The ledger
     * stays suspended until then. `policy`: rule of the current approver set.
     */
    async start(policy: WitnessPolicy | null, within: number): Promise<void> {
      const newest = await ports.ledger.newest();
      // The name comes from the checkpoint itself, because the witnesses' responses concern the name that the server submits.
      if (newest !== null) awaited = { ...responsesNeeded(settings, policy), origin: originIn(newest.note) };
      const first = Promise.all(witnesses.map((witness) => witness.loop.run()));
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, within);
      await Promise.race([first, promise]);
      clearTimeout(timer);
    },
    /** Submits the newest checkpoint to all witnesses. */
    submit(): void {
      for (const { loop } of witnesses) loop.request();
    },
    /** Waits until the working witnesses have received the newest checkpoint, at most `within` milliseconds. */
    async settled(within: number): Promise<void> {
      const working = witnesses.filter(({ failure }) => failure === null);
      if (working.length === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, within);
      await Promise.race([Promise.all(working.map(({ loop }) => loop.run())), promise]);
      clearTimeout(timer);
    },
    /** Reason why the server may sign no checkpoint; null if there is none. */
    obstacle(): string | null {
      const found = contradiction();
      if (found !== null) return found;
      if (!isWaiting()) return null;
      return `the server waits until ${awaited.needed} of its ${awaited.of.length} witnesses have said that they know no newer checkpoint, and ${responded()} have`;
    },
    /** Remedy for the obstacle that keeps the server from signing checkpoints, as a text for the admin. */
    remedy: () => (contradiction() === null ? WAITING_REMEDY : REMEDY),
    status: (): WitnessStatus[] =>
      witnesses.map(({ setting, cosigned, failure }) => ({
        ...setting,
        cosigned,
        failure,
        late: now() - Math.max(startedAt, cosigned?.at ?? 0) > ports.lateAfter,
      })),
    async stop(): Promise<void> {
      await Promise.all(witnesses.map(({ loop }) => loop.stop()));
    },
  };
}

/** Name of the ledger in the note of a checkpoint that this server has signed. */
const originIn = (note: string): string => note.slice(0, note.indexOf('\n'));

interface AwaitedResponses {
  readonly needed: number;
  /** Verifier keys of the witnesses whose responses count. */
  readonly of: readonly string[];
}

/**
 * Number of witnesses that must respond before the server signs. Devices have accepted only checkpoints with `threshold` cosignatures.
 * Every such checkpoint is known to at least one of any `n - threshold + 1` witnesses. Without a rule, one response is enough. The function
 * is pure.
 */
export function responsesNeeded(settings: readonly WitnessSetting[], policy: WitnessPolicy | null): AwaitedResponses {
  const keys = settings.map(({ key }) => key);
  const required = keys.filter((key) => policy?.keys.includes(key));
  if (!policy || required.length === 0) return { needed: Math.min(1, keys.length), of: keys };
  return { needed: Math.min(required.length, policy.keys.length - policy.threshold + 1), of: required };
}

class SubmittedWitness {
  readonly setting: WitnessSetting;
  readonly loop: Loop;
  readonly #ports: WitnessesPorts;
  cosigned: WitnessStatus['cosigned'] = null;
  failure: string | null = null;
  contradiction: { readonly origin: string; readonly what: string } | null = null;
  hasResponded = false;
  /** Size of the tree that the witness has cosigned, as far as the server knows; null before the first run. */
  #size: number | null = null;
  /** Signed note of the newest checkpoint that the witness has cosigned. */
  #note = '';
  #failures = 0;
  #notBefore = 0;

  constructor(setting: WitnessSetting, ports: WitnessesPorts) {
    this.setting = setting;
    this.#ports = ports;
    this.loop = new Loop({
      run: () => this.#run(),
      failed: (error) => this.#fail(error instanceof Error ? error.message : String(error)),
      retryAfter: RETRY_FIRST,
    });
  }

  async #run(): Promise<number | null> {
    const { now, ledger, store } = this.#ports;
    if (now() < this.#notBefore) return this.#notBefore;
    const newest = await ledger.newest();
    if (!newest) return null;
    if (this.#size === null) {
      const stored = await store.newest(this.setting.key);
      this.#size = stored?.size ?? 0;
      this.cosigned = stored && { size: stored.size, at: stored.at };
    }
    const refreshAt = (this.cosigned?.at ?? 0) + REFRESH_AFTER;
    if (this.hasResponded && this.failure === null && this.#note === newest.note && now() < refreshAt) return refreshAt;
    try {
      await this.#submit(newest);
    } catch (error) {
      this.#fail(`it did not respond (${error instanceof Error ? error.message : String(error)})`);
    }
    if (this.failure === null) return now() + REFRESH_AFTER;
    this.#notBefore = now() + Math.min(RETRY_LAST, RETRY_FIRST * 2 ** Math.min(this.#failures - 1, 10));
    return this.#notBefore;
  }

  async #submit({ size, note }: StoredCheckpoint): Promise<void> {
    const { client, ledger } = this.#ports;
    let oldSize = Math.min(this.#size ?? 0, size);
    for (let attempt = 0; attempt < MOST_SUBMISSIONS; attempt++) {
      const proof = oldSize === 0 || oldSize === size ? [] : await consistencyProof(oldSize, size, ledger.hashes);
      const response = await client.post(this.setting.url, formatSubmission(oldSize, proof, note));
      const verdict = judgeWitnessResponse(response, { oldSize, size });
      switch (verdict.step) {
        case 'check-cosignature':
          return await this.#accept(size, note, response.body);
        case 'submit-again':
          oldSize = verdict.oldSize;
          this.#size = oldSize;
          continue;
        case 'ahead':
          return await this.#contradict(note, this.#ahead(verdict.size, size));
        case 'forked':
          return await this.#contradict(
            note,
            `the witness ${this.setting.name} has cosigned a ledger of ${verdict.size} entries that the ledger here does not contain`,
          );
        case 'unknown-ledger':
          return await this.#confirmUnknown({ size, note }, verdict.reason);
        case 'failed':
          return this.#fail(verdict.reason);
      }
    }
    this.#fail('its size changed during each submission. Another server may submit checkpoints of this ledger');
  }

  /**
   * Counts the response "unknown ledger" only if the witness has never cosigned the ledger under its current name and publishes no checkpoint of
   * it. Otherwise, a proxy that refuses every request would let a server on an older database sign a second history.
   */
  async #confirmUnknown({ size, note }: StoredCheckpoint, reason: string): Promise<void> {
    const { client, store } = this.#ports;
    const origin = originIn(note);
    const cosigned = await store.newestCheckpoint([this.setting.key], 1, 0);
    if (cosigned && originIn(cosigned.note) === origin) {
      return this.#fail(`${reason}, although it cosigned ${cosigned.size} entries of this ledger earlier`);
    }
    const { status, body } = await client.newest(this.setting.url, origin);
    if (status === 200) {
      const published = readCheckpoint(splitNote(body).text).size;
      if (published > size) return await this.#contradict(note, this.#ahead(published, size));
      return this.#fail(`${reason}, although it publishes ${published} cosigned entries of this ledger`);
    }
    if (status !== 404) return this.#fail(`${reason}. Its cosigned checkpoint has HTTP status ${status}`);
    this.hasResponded = true;
    this.#fail('it does not know this ledger or its key. Send the verifier key of the ledger to its operator');
  }

  readonly #ahead = (theirs: number, size: number) =>
    `the witness ${this.setting.name} has cosigned ${theirs} ledger entries, and the database here has ${size}: the database is an older copy`;

  async #accept(size: number, note: string, body: string): Promise<void> {
    const { store, now, log, onCosigned } = this.#ports;
    const { text } = splitNote(note);
    const lines = body.split('\n').filter((line) => line !== '');
    const cosignature = await cosignatureOf(
      text,
      lines.slice(0, 16).map(readSignatureLine),
      await parseWitnessKey(this.setting.key),
    );
    if (!cosignature)
      return this.#fail(
        "its cosignature is invalid. Ask the witness's operator to confirm the verifier key in CORDON_WITNESSES",
      );
    // The cosignature is stored with the server's time, because the witness's clock may be wrong.
    const at = now();
    await store.add({ size, witness: this.setting.key, line: cosignature.line, at });
    if (this.failure !== null) log.info({ witness: this.setting.name, size }, 'the witness cosigns again');
    this.#size = size;
    this.#note = note;
    this.cosigned = { size, at };
    this.hasResponded = true;
    this.failure = null;
    this.contradiction = null;
    this.#failures = 0;
    this.#notBefore = 0;
    onCosigned();
  }

  async #contradict(note: string, what: string): Promise<void> {
    const { log, client, onContradiction } = this.#ports;
    const origin = originIn(note);
    if (this.contradiction?.origin !== origin)
      log.error({ witness: this.setting.name }, `The ledger is suspended: ${what}. ${REMEDY}`);
    this.contradiction = { origin, what };
    this.#fail(what);
    const theirs = await client.newest(this.setting.url, origin);
    if (theirs.status === 200) await onContradiction(theirs.body);
  }

  #fail(reason: string): void {
    if (this.failure === null)
      this.#ports.log.warn({ witness: this.setting.name, reason: oneLine(reason) }, 'a witness does not cosign');
    this.failure = oneLine(reason).slice(0, 400);
    this.#failures += 1;
  }
}
