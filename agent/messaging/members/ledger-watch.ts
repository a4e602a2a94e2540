/**
 * Watch over the ledger. Of any two trees that the device receives, the larger must contain the smaller, so a server that shows different
 * ledgers to different devices is detected. The ledger's key is pinned with the first tree, which arrives over the pinned TLS connection.
 * Only a document that approvers signed changes the ledger's name (`ledger-continuation.ts`). If the approver set names witnesses, a new tree
 * also needs their cosignatures.
 */
import { z } from 'zod';
import { consistencyView } from '../../../shared/api/ledger.ts';
import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { checkBeginning } from '../../../shared/ledger/check-proofs.ts';
import { type Checkpoint, openCheckpoint, originOf, originOrder } from '../../../shared/ledger/checkpoint.ts';
import type { NamedTree } from '../../../shared/ledger/continuation.ts';
import { requireCosignatures } from '../../../shared/ledger/cosignature.ts';
import { parseVerifierKey } from '../../../shared/ledger/signed-note.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { LedgerContinuation } from '../../../shared/order/documents.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { readBase64 } from '../../../shared/strict-base64.ts';
import { continuedWords, followContinuations, isMalformedResponse, validContinuations } from './ledger-continuation.ts';

export interface StoredLedger {
  readonly key: string;
  readonly note: string;
}

/**
 * Last checkpoint (signed size and root hash) of a ledger that goes on under a new name after a loss of entries. The device keeps this
 * checkpoint as proof that the lost entries existed.
 */
export interface GivenUpLedger extends StoredLedger {
  readonly continuedAs: string;
}

export interface LedgerStore {
  ledger(): StoredLedger | null;
  saveLedger(newest: StoredLedger, givenUp?: GivenUpLedger): void;
}

export interface LedgerTree {
  readonly origin?: string | undefined;
  readonly size: number;
  readonly root: string;
}

export type LedgerStatement = 'ledger_continued' | 'ledger_loss_larger';

export interface LedgerWatch {
  /**
   * Verifies a checkpoint from the server, and stores it if it is the newest. `known`: the tree that was stored when the request was sent.
   * After the errors `ledger_forked`, `ledger_older` and `ledger_not_cosigned`, the caller must not trust anything in the same response.
   */
  accept(shown: StoredLedger, known: LedgerTree | null): Promise<Checkpoint>;
  newest(): LedgerTree | null;
  /**
   * Compares the newest verified tree with a tree that another device received. Throws `ledger_forked` if the server showed that device
   * another ledger, and `document_malformed` if that tree is invalid.
   */
  compare(theirs: LedgerTree, from: DeviceId): Promise<void>;
}

export interface LedgerWatchPorts {
  readonly installation: string;
  readonly store: LedgerStore;
  /** Requests `GET /device/ledger/consistency`. Throws the server's refusal, or the network's failure. */
  readonly consistency: (from: number, to: number | null) => Promise<unknown>;
  /** Requests `GET /device/ledger/continuations`. The response is empty if there are none. */
  readonly continuations: (size: number) => Promise<unknown>;
  readonly approverSet: () => ApproverSet | null;
  /** Statement for an admin: the ledger continued under a new name, or it lost more entries than the approvers stated. */
  readonly state: (code: LedgerStatement, detail: string) => void;
}

export const createLedgerWatch = (ports: LedgerWatchPorts): LedgerWatch => new VerifiedLedger(ports);

class VerifiedLedger implements LedgerWatch {
  readonly #ports: LedgerWatchPorts;
  readonly #first: string;
  /** Verifications run one after another. Otherwise an older checkpoint could replace a newer one. */
  readonly #serially = createSerialQueue();
  #verified: { readonly under: string; readonly documents: readonly LedgerContinuation[] } | null = null;

  constructor(ports: LedgerWatchPorts) {
    this.#ports = ports;
    this.#first = originOf(ports.installation);
  }

  accept(shown: StoredLedger, known: LedgerTree | null): Promise<Checkpoint> {
    return this.#serially(() => this.#accept(shown, known));
  }

  compare(theirs: LedgerTree, from: DeviceId): Promise<void> {
    return this.#serially(() => this.#compare(theirs, from));
  }

  newest(): LedgerTree | null {
    const tree = this.#stored();
    if (!tree) return null;
    const { origin, size, root } = tree;
    return { ...(origin !== this.#first && { origin }), size, root: root.toBase64() };
  }

  /**
   * Returns a number that orders the successive names of this installation's ledger: 0 for the first name, and larger numbers for later
   * names. Returns -1 for the ledger of another installation.
   */
  #orderOf(origin: string): number {
    return originOrder(this.#ports.installation, origin) ?? -1;
  }

  /** Checkpoints are verified before they are stored, so their signatures are not checked again. */
  #stored(): Checkpoint | null {
    const [origin = '', size, root = ''] = this.#ports.store.ledger()?.note.split('\n') ?? [];
    const hash = readBase64(root);
    return hash && size !== undefined ? { origin, size: Number(size), root: hash } : null;
  }

  /** Verifies the signature of the ledger, and for a tree other than the stored one also the cosignatures of witnesses. */
  async #open(shown: StoredLedger): Promise<Checkpoint> {
    const checkpoint = await this.#openSigned(shown);
    const before = this.#stored();
    const policy = this.#ports.approverSet()?.approvers.witnesses;
    const isKnown = before && before.origin === checkpoint.origin && isSameTree(before, checkpoint);
    if (policy && !isKnown) await requireCosignatures(shown.note, policy);
    return checkpoint;
  }

  async #openSigned({ key, note }: StoredLedger): Promise<Checkpoint> {
    try {
      const verifier = await parseVerifierKey(key);
      if (originOrder(this.#ports.installation, verifier.name) === null)
        throw new CordonError('checkpoint_invalid', `its name is ${verifier.name}`);
      return await openCheckpoint(note, verifier);
    } catch (error) {
      if (!isCordonError(error, 'checkpoint_invalid')) throw error;
      throw forked(`The server shows a ledger that does not belong to this installation: ${error.message}.`);
    }
  }

  /**
   * Throws `ledger_forked` unless the server proves that the larger of two given ledger trees begins with the entries of the smaller tree.
   */
  async #prove(one: Omit<Checkpoint, 'origin'>, other: Omit<Checkpoint, 'origin'>, detail: string): Promise<void> {
    const [older, newer] = one.size <= other.size ? [one, other] : [other, one];
    try {
      const ask = async () => consistencyView.parse(await this.#ports.consistency(older.size, newer.size)).proof;
      await checkBeginning(older.size === newer.size || older.size === 0 ? [] : await ask(), older, newer);
    } catch (error) {
      // The server signed both trees. Without a proof that one contains the other, the ledger has forked.
      if (isCordonError(error, 'proof_invalid') || error instanceof z.ZodError) throw forked(detail, error);
      throw error;
    }
  }

  /**
   * Returns the valid continuations (signed decisions that gave the ledger a new name) whose entries are in the given tree. The result is
   * cached until the ledger's name or the approver set changes.
   */
  async #continuationsIn(checkpoint: Checkpoint): Promise<readonly LedgerContinuation[]> {
    const approverSet = this.#ports.approverSet();
    if (!approverSet) throw new CordonError('approvers_required', 'This device has pinned no approver set yet.');
    const under = `${checkpoint.origin} ${approverSet.digest}`;
    if (this.#verified?.under === under) return this.#verified.documents;
    const response = await this.#ports.continuations(checkpoint.size);
    try {
      const documents = await validContinuations(response, treeOf(checkpoint), approverSet);
      if (documents.length > 0) this.#verified = { under, documents };
      return documents;
    } catch (error) {
      if (!isMalformedResponse(error)) throw error;
      throw forked('The server shows the ledger under another name, and has no document for it.', error);
    }
  }

  readonly #proveTrees = (older: NamedTree, newer: NamedTree): Promise<void> =>
    this.#prove(
      { size: older.size, root: new Uint8Array(Buffer.from(older.root, 'hex')) },
      { size: newer.size, root: new Uint8Array(Buffer.from(newer.root, 'hex')) },
      `The server cannot prove that the ledger that continues as ${newer.origin} contains the ${older.size} entries that this device has seen. The ledger forked.`,
    );

  /**
   * Accepts a new name of the ledger if continuations lead to that name. The public key must still be the pinned one, because approvers can
   * change only the name.
   */
  async #acceptContinued(before: Checkpoint, pinned: StoredLedger, shown: StoredLedger): Promise<Checkpoint> {
    const [ours, theirs] = [await parseVerifierKey(pinned.key), await parseVerifierKey(shown.key).catch(() => null)];
    if (!theirs || theirs.publicKey.toHex() !== ours.publicKey.toHex()) {
      throw forked('The server shows a ledger that is signed with another key than the pinned one.');
    }
    const checkpoint = await this.#open(shown);
    if (this.#orderOf(checkpoint.origin) < this.#orderOf(before.origin)) {
      const detail = `The server shows the ledger as ${checkpoint.origin}, and has shown its continuation ${before.origin} before. The ledger was restored from a backup.`;
      throw new CordonError('ledger_older', detail);
    }
    const valid = await this.#continuationsIn(checkpoint);
    const followed = await followContinuations(treeOf(before), checkpoint.origin, valid, this.#proveTrees);
    const last = followed.documents.at(-1);
    if (last) await this.#proveTrees({ origin: last.newOrigin, ...last.fork }, treeOf(checkpoint));
    this.#ports.store.saveLedger(shown, { ...pinned, continuedAs: checkpoint.origin });
    this.#ports.state(
      followed.loss === 'more' ? 'ledger_loss_larger' : 'ledger_continued',
      continuedWords(followed, treeOf(before)),
    );
    return checkpoint;
  }

  async #accept(shown: StoredLedger, known: LedgerTree | null): Promise<Checkpoint> {
    const before = this.#stored();
    const pinned = this.#ports.store.ledger();
    if (before && pinned && pinned.key !== shown.key) return await this.#acceptContinued(before, pinned, shown);
    const checkpoint = await this.#open(shown);
    if (known && (known.origin ?? this.#first) === checkpoint.origin && checkpoint.size < known.size) {
      const detail = `The server shows a ledger of ${checkpoint.size} entries, and has shown one of ${known.size} entries before. The ledger was truncated or restored from a backup.`;
      throw new CordonError('ledger_older', detail);
    }
    if (!before && checkpoint.origin !== this.#first) {
      const valid = await this.#continuationsIn(checkpoint);
      if (!valid.some(({ newOrigin }) => newOrigin === checkpoint.origin)) {
        throw forked(
          `The server shows the ledger as ${checkpoint.origin}, and no document of the approvers has that name.`,
        );
      }
    }
    if (before) {
      const detail = `The server shows a ledger of ${checkpoint.size} entries that does not contain the ${before.size} entries from before. The ledger forked.`;
      await this.#prove(before, checkpoint, detail);
    }
    if (!before || checkpoint.size > before.size) this.#ports.store.saveLedger(shown);
    return checkpoint;
  }

  async #refresh(known: LedgerTree | null): Promise<Checkpoint> {
    const { checkpoint, key } = consistencyView.parse(await this.#ports.consistency(0, null));
    return this.#accept({ note: checkpoint, key }, known);
  }

  async #compare(theirs: LedgerTree, from: DeviceId): Promise<void> {
    const root = readBase64(theirs.root);
    if (root?.length !== 32 || !Number.isSafeInteger(theirs.size) || theirs.size < 0) {
      throw new CordonError('document_malformed', `Device ${from} sent an invalid ledger tree.`);
    }
    const origin = theirs.origin ?? this.#first;
    const order = this.#orderOf(origin);
    if (order < 0)
      throw new CordonError('document_malformed', `Device ${from} sent a ledger tree of another installation.`);
    const before = this.#stored();
    // If the other device's tree is newer, this device first fetches the newest tree.
    const isKnown =
      before && (order < this.#orderOf(before.origin) || (origin === before.origin && theirs.size <= before.size));
    const ours = isKnown ? before : await this.#refresh(this.newest());
    if (order < this.#orderOf(ours.origin))
      return await this.#compareGivenUp({ origin, size: theirs.size, root: root.toHex() }, ours, from);
    const detail = `Device ${from} has seen a ledger of ${theirs.size} entries that does not match this device's ledger of ${ours.size} entries. The server shows one of the two devices another ledger.`;
    if (origin !== ours.origin || theirs.size > ours.size) throw forked(detail);
    await this.#prove({ size: theirs.size, root }, ours, detail);
  }

  /**
   * Compares with a device that has not applied a continuation yet. All entries of that device's tree must be in this device's tree, or be
   * stated as lost.
   */
  async #compareGivenUp(theirs: NamedTree, ours: Checkpoint, from: DeviceId): Promise<void> {
    const { documents, loss } = await followContinuations(
      theirs,
      ours.origin,
      await this.#continuationsIn(ours),
      this.#proveTrees,
    );
    if (loss !== 'more') return;
    const stated = documents[0]?.reported?.size;
    const detail = `Device ${from} had seen a ledger of ${theirs.size} entries, root ${theirs.root}, before the continuation, which states ${stated === undefined ? 'no number of lost entries' : `${stated} entries`}.`;
    this.#ports.state('ledger_loss_larger', detail);
  }
}

const treeOf = ({ origin, size, root }: Checkpoint): NamedTree => ({
  origin,
  size,
  root: Buffer.from(root).toString('hex'),
});

const isSameTree = (one: Checkpoint, other: Checkpoint): boolean =>
  one.size === other.size && one.root.toHex() === other.root.toHex();

const forked = (detail: string, cause?: unknown): CordonError => new CordonError('ledger_forked', detail, {}, cause);
