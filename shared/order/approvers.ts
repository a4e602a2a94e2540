/**
 * The root: who may approve orders, which online keys may keep the list fresh, and which keys of the organisation say who may be a member of a
 * conversation. Agents pin it at enrolment and follow it from
 * version to version: each next root is signed by the threshold of the one before *and* by its own, so that nobody is left with a
 * root that its approvers cannot use. The server proposes roots and can adopt none.
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from './canonical.ts';
import { sha256 } from './digest.ts';
import { type Approvers, approversSchema, type Envelope, PAYLOAD_TYPES } from './documents.ts';
import { payloadOf, readPublicKey, signedBy, type VerifyingKey } from './dsse.ts';

/** A root that has been verified, with its keys ready for use. */
export interface Root {
  readonly approvers: Approvers;
  /** SHA-256 of the payload. */
  readonly digest: string;
  readonly keys: readonly VerifyingKey[];
  readonly onlineKeys: readonly VerifyingKey[];
  /** Say who may be a member of a conversation; none before the first was made. */
  readonly organisationKeys: readonly VerifyingKey[];
  /** keyid → person. */
  readonly persons: ReadonlyMap<string, string>;
}

function keysOf(named: readonly { keyid: string; publicKey: string }[]): VerifyingKey[] {
  return named.map(({ keyid, publicKey }) => {
    const key = readPublicKey(publicKey);
    if (key.keyid !== keyid) {
      throw new CordonError('document_malformed', `The root names key ${keyid} and gives another one.`, { keyid });
    }
    return key;
  });
}

/** Reads a root and checks that it makes sense in itself. Says nothing of who signed it. */
export function readRoot(envelope: Envelope): Root {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.approvers);
  const approvers = parseDocument(approversSchema, payload);
  const keys = keysOf(approvers.approvers);
  const onlineKeys = keysOf(approvers.onlineKeys);
  const organisationKeys = keysOf(approvers.organisationKeys ?? []);
  const all = [...keys, ...onlineKeys, ...organisationKeys].map((key) => key.keyid);
  if (new Set(all).size !== all.length) {
    throw new CordonError(
      'document_malformed',
      'A key stands twice in the root: an approver’s, an online and an organisation key are three different keys.',
    );
  }
  const people = new Set(approvers.approvers.map((approver) => approver.person));
  if (people.size < approvers.threshold) {
    throw new CordonError(
      'document_malformed',
      `The root asks for ${approvers.threshold} people and names ${people.size}.`,
    );
  }
  return {
    approvers,
    digest: sha256(payload),
    keys,
    onlineKeys,
    organisationKeys,
    persons: new Map(approvers.approvers.map(({ keyid, person }) => [keyid, person])),
  };
}

/** The different people of this root whose keys have signed the envelope. */
export function personsWhoSigned(envelope: Envelope, root: Root): ReadonlySet<string> {
  const persons = new Set<string>();
  for (const keyid of signedBy(envelope, root.keys)) {
    const person = root.persons.get(keyid);
    if (person !== undefined) persons.add(person);
  }
  return persons;
}

/** How many signatures of different people are missing: under the root before, and under this one itself. */
export function missingSignatures(
  envelope: Envelope,
  root: Root,
  before: Root | null,
): { before: number; own: number } {
  const missing = (judge: Root) => Math.max(0, judge.approvers.threshold - personsWhoSigned(envelope, judge).size);
  return { before: before ? missing(before) : 0, own: missing(root) };
}

function verifyNext(before: Root | null, envelope: Envelope): Root {
  const root = readRoot(envelope);
  const { version, installation, previous } = root.approvers;
  if (version !== (before?.approvers.version ?? 0) + 1 || previous !== (before?.digest ?? null)) {
    throw new CordonError(
      'root_older',
      `Root ${version} does not follow ${before ? `root ${before.approvers.version}` : 'from nothing'}.`,
    );
  }
  if (before && installation !== before.approvers.installation) {
    throw new CordonError('list_other_installation', `Root ${version} belongs to installation ${installation}.`);
  }
  const missing = missingSignatures(envelope, root, before);
  if (missing.before > 0 || missing.own > 0) {
    throw new CordonError('threshold_not_met', `Root ${version} is not signed by enough different approvers.`, missing);
  }
  return root;
}

/**
 * Follows the chain from the pinned root (null: from the first one) and returns the newest. `envelopes` are oldest first; those before the
 * pinned one are passed over. Throws, and then nothing of them is to be believed.
 */
export function verifyRoots(pinned: Root | null, envelopes: readonly Envelope[]): Root {
  let newest = pinned;
  for (const envelope of envelopes) {
    if (newest && newest === pinned) {
      const { version } = readRoot(envelope).approvers;
      if (version < newest.approvers.version) continue;
      if (version === newest.approvers.version) {
        if (readRoot(envelope).digest === newest.digest) continue;
        throw new CordonError('list_forked', `Root ${version} is another document than the one that is pinned.`);
      }
    }
    newest = verifyNext(newest, envelope);
  }
  if (!newest) throw new CordonError('approvers_required', 'There is no root of approvers yet.');
  return newest;
}
