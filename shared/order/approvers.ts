/**
 * Approver sets: approvers' public keys, online keys that sign order lists, and organization keys that verify devices. A device pins one
 * approver set at enrollment. Enough approvers of the previous set and of the new set must sign each later set, so the server cannot change
 * approvers alone.
 */
import { CordonError } from '../errors.ts';
import type { WitnessPolicy } from '../ledger/cosignature.ts';
import { keyIdOf } from '../ledger/sign-checkpoint.ts';
import { COSIGNATURE, splitVerifierKey } from '../ledger/signed-note.ts';
import { parseDocument } from './canonical.ts';
import { sha256 } from './digest.ts';
import { type Approvers, approversSchema, type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { payloadOf, readPublicKey, signedBy, type VerifyingKey } from './dsse.ts';

export interface ApproverSet {
  readonly approvers: Approvers;
  readonly digest: string;
  readonly keys: readonly VerifyingKey[];
  readonly onlineKeys: readonly VerifyingKey[];
  /** Organization keys that verify devices for conversations; empty before the organization has one. */
  readonly organizationKeys: readonly VerifyingKey[];
  readonly persons: ReadonlyMap<string, string>;
}

function keysOf(named: readonly { keyid: string; publicKey: string; rpId?: string | undefined }[]): VerifyingKey[] {
  return named.map(({ keyid, publicKey, rpId }) => {
    const key = readPublicKey(publicKey);
    if (key.keyid !== keyid) {
      throw new CordonError(
        'document_malformed',
        `The approver set contains a key that does not match its identifier ${keyid}.`,
        { keyid },
      );
    }
    return rpId === undefined ? key : { ...key, rpId };
  });
}

/**
 * Throws `document_malformed` unless the witnesses are different witnesses with different keys. The Ed25519 message of a cosignature does not
 * contain the name of the witness, so one key under two names would count twice.
 */
function checkWitnesses({ threshold, keys }: WitnessPolicy): void {
  const witnesses = keys.map((text) => {
    const { id, ...witness } = splitVerifierKey(text, COSIGNATURE);
    if (keyIdOf(witness, COSIGNATURE).toString('hex') === id) return witness;
    throw new CordonError(
      'document_malformed',
      `The key of the witness ${witness.name} does not match its identifier ${id}.`,
    );
  });
  const count = (values: readonly string[]) => new Set(values).size;
  const distinct = Math.min(
    count(witnesses.map(({ name }) => name)),
    count(witnesses.map(({ publicKey }) => publicKey.toHex())),
  );
  if (distinct < witnesses.length) {
    throw new CordonError('document_malformed', 'The approver set names a witness or the key of a witness twice.');
  }
  if (threshold > witnesses.length) {
    throw new CordonError(
      'document_malformed',
      `The approver set requires ${threshold} cosignatures but names only ${witnesses.length} witnesses.`,
    );
  }
}

/** Parses an approver set without a check of its signatures. */
export function readApproverSet(envelope: Envelope): ApproverSet {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.approvers);
  const approvers = parseDocument(approversSchema, payload);
  const keys = keysOf(approvers.approvers);
  const onlineKeys = keysOf(approvers.onlineKeys);
  const organizationKeys = keysOf(approvers.organizationKeys ?? []);
  const all = [...keys, ...onlineKeys, ...organizationKeys].map((key) => key.keyid);
  if (new Set(all).size !== all.length) {
    throw new CordonError(
      'document_malformed',
      'The approver set contains a key twice. Approver keys, online keys and organization keys must be different keys.',
    );
  }
  const people = new Set(approvers.approvers.map((approver) => approver.person));
  if (people.size < approvers.threshold) {
    throw new CordonError(
      'document_malformed',
      `The approver set requires ${approvers.threshold} people but has only ${people.size}.`,
    );
  }
  if (approvers.witnesses) checkWitnesses(approvers.witnesses);
  return {
    approvers,
    digest: sha256(payload),
    keys,
    onlineKeys,
    organizationKeys,
    persons: new Map(approvers.approvers.map(({ keyid, person }) => [keyid, person])),
  };
}

/** People of the approver set whose keys have signed the envelope. A person with two keys is included once. */
export function personsWhoSigned(envelope: Envelope, approverSet: ApproverSet): ReadonlySet<string> {
  const persons = new Set<string>();
  for (const keyid of signedBy(envelope, approverSet.keys)) {
    const person = approverSet.persons.get(keyid);
    if (person !== undefined) persons.add(person);
  }
  return persons;
}

/** Numbers of people who must still sign a new approver set: from the previous set and from the new set. */
export function missingSignatures(
  envelope: Envelope,
  approverSet: ApproverSet,
  before: ApproverSet | null,
): { before: number; own: number } {
  const missing = (judge: ApproverSet) =>
    Math.max(0, judge.approvers.threshold - personsWhoSigned(envelope, judge).size);
  return { before: before ? missing(before) : 0, own: missing(approverSet) };
}

function verifyNext(before: ApproverSet | null, envelope: Envelope): ApproverSet {
  const approverSet = readApproverSet(envelope);
  const { version, installation, previous } = approverSet.approvers;
  if (version !== (before?.approvers.version ?? 0) + 1 || previous !== (before?.digest ?? null)) {
    throw new CordonError(
      'approver_set_older',
      before
        ? `Approver set ${version} does not follow approver set ${before.approvers.version}.`
        : `Approver set ${version} cannot be the first one.`,
    );
  }
  if (before && installation !== before.approvers.installation) {
    throw new CordonError(
      'list_other_installation',
      `Approver set ${version} belongs to installation ${installation}.`,
    );
  }
  const missing = missingSignatures(envelope, approverSet, before);
  if (missing.before > 0 || missing.own > 0) {
    throw new CordonError(
      'threshold_not_met',
      `Approver set ${version} is not signed by enough different approvers.`,
      missing,
    );
  }
  return approverSet;
}

/**
 * Verifies all approver sets in `envelopes` (sorted from old to new), starting with the pinned one, and returns the newest. Without a
 * pinned set, the verification starts with the first set. One failed verification makes all of `envelopes` invalid.
 */
export function verifyApproverSets(pinned: ApproverSet | null, envelopes: readonly Envelope[]): ApproverSet {
  let newest = pinned;
  for (const envelope of envelopes) {
    if (newest && newest === pinned) {
      const { version } = readApproverSet(envelope).approvers;
      if (version < newest.approvers.version) continue;
      if (version === newest.approvers.version) {
        if (readApproverSet(envelope).digest === newest.digest) continue;
        throw new CordonError('list_forked', `Approver set ${version} differs from the pinned one.`);
      }
    }
    newest = verifyNext(newest, envelope);
  }
  if (!newest)
    throw new CordonError('approvers_required', 'No approver set exists yet. Propose one under People & access.');
  return newest;
}
