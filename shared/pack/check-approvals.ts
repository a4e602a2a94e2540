/**
 * Who decided: the chain of roots from the first one, which the public root names, and each revision's approvals by the rule of `standing.ts`.
 * Nothing here is the server's to say; what it says (which revisions were adopted, and under which root) is held against the ledger's leaves.
 */
import { CordonError } from '../errors.ts';
import type { Leaf } from '../ledger/leaf.ts';
import { personsWhoSigned, type Root, readRoot, verifyRoots } from '../order/approvers.ts';
import { attestationOf, attestationWords } from '../order/attestation.ts';
import { type Envelope, envelopeSchema, type Revision } from '../order/documents.ts';
import { signedBy, type VerifyingKey } from '../order/dsse.ts';
import { holdsOnly, standingOf } from '../order/standing.ts';
import { readRevision } from '../order/verify-list.ts';
import { readBase64 } from '../strict-base64.ts';
import { type PackFiles, readFile } from './check-files.ts';
import type { LoggedLeaf } from './check-ledger.ts';
import { type Findings, plural } from './findings.ts';
import { numbered, numberIn } from './format.ts';
import type { PublicRoot } from './public-root.ts';

export interface PackRevision {
  readonly number: number;
  readonly revision: Revision;
  readonly digest: string;
  readonly envelope: Envelope;
}

const byKeyid = (keys: readonly VerifyingKey[]) => new Map(keys.map((key) => [key.keyid, key]));

/** Every signature stands there once, and each holds under a key that is known. */
function checkSignatures(envelope: Envelope, known: ReadonlyMap<string, VerifyingKey>, what: string): void {
  const seen = new Set<string>();
  const named = new Set(envelope.signatures.map(({ keyid }) => keyid));
  const signers = signedBy(
    envelope,
    [...named].flatMap((keyid) => known.get(keyid) ?? []),
  );
  for (const { keyid, sig } of envelope.signatures) {
    const refuse = (why: string) =>
      new CordonError('signature_invalid', `${what}: ${why} (key ${keyid.slice(0, 12)}…).`);
    if (seen.has(keyid)) throw refuse('one key has signed twice, which counts once');
    if (!known.has(keyid)) throw refuse('a signature is by a key that no root of approvers names');
    if (!signers.has(keyid) || !readBase64(sig)) {
      throw refuse('a signature does not fit this text: the text was changed, or the signature is another’s');
    }
    seen.add(keyid);
  }
}

/** The roots, oldest first, as far as the chain holds. */
export function checkRoots(files: PackFiles, pinned: PublicRoot, say: Findings): Root[] {
  const before = say.failures;
  const chain: Root[] = [];
  const names = [...files.keys()].flatMap((name) => numberIn('approvers', name) ?? []).sort((a, b) => a - b);
  for (const version of names.length === 0 ? [1] : names) {
    const name = numbered('approvers', version);
    const root = say.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const read = readRoot(envelope);
      const last = chain.at(-1) ?? null;
      if (version === 1 && read.digest !== pinned.approvers) {
        throw new CordonError(
          'signature_invalid',
          `${name} is not the first root of approvers that the public root names.`,
        );
      }
      if (read.approvers.installation !== pinned.installation) {
        throw new CordonError('list_other_installation', `${name} is of another installation.`);
      }
      checkSignatures(envelope, byKeyid([...read.keys, ...(last?.keys ?? [])]), name);
      return verifyRoots(last, [envelope]);
    });
    if (!root) break;
    chain.push(root);
  }
  const newest = chain.at(-1);
  if (newest && say.failures === before) {
    const people = new Set(newest.approvers.approvers.map(({ person }) => person)).size;
    say.proven(
      `Who may approve: ${plural(chain.length, 'root')} of approvers, each signed by those before it, from the first one, which the public root names. The newest names ${plural(people, 'person', 'people')}, ${newest.approvers.threshold} of whom must agree.`,
    );
    const { selfAttested } = attestationOf(newest.approvers);
    if (selfAttested > 0) say.unproven(attestationWords(newest.approvers));
  }
  return chain;
}

/** The revisions that can be read, oldest first: one chain without a gap, as far as that can be seen from the documents. */
export function checkRevisions(
  files: PackFiles,
  about: { readonly installation: string; readonly order: string },
  say: Findings,
): PackRevision[] {
  const found: PackRevision[] = [];
  const numbers = [...files.keys()].flatMap((name) => numberIn('revisions', name) ?? []).sort((a, b) => a - b);
  let next = 1;
  // One failure names a whole gap: the author of the pack chooses the numbers.
  const checkGap = (number: number) => {
    if (number === next) return;
    const first = numbered('revisions', next);
    const more = number - next > 1 ? `, and so are the others before revision ${number}` : '';
    say.failed(first, `${first} is missing${more}.`);
  };
  if (numbers.length === 0) checkGap(2);
  for (const number of numbers) {
    checkGap(number);
    next = number + 1;
    const name = numbered('revisions', number);
    const read = say.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const { revision, digest } = readRevision(envelope);
      if (revision.installation !== about.installation || revision.order !== about.order) {
        const whose = `order ${revision.order} of installation ${revision.installation}`;
        throw new CordonError('document_wrong_type', `${name} is a revision of ${whose}, not of ${about.order}.`);
      }
      if (revision.revision !== number) {
        throw new CordonError(
          'document_wrong_type',
          `${name} holds revision ${revision.revision}: revisions were reordered.`,
        );
      }
      return { number, revision, digest, envelope };
    });
    if (read) found.push(read);
  }
  return found;
}

const isAbout = (leaf: Leaf, kind: Leaf['kind'], { number, digest }: PackRevision): boolean =>
  leaf.kind === kind && leaf.public['revision'] === number && leaf.public['digest'] === digest;

export const adoptionOf = (revision: PackRevision, leaves: readonly LoggedLeaf[]): LoggedLeaf | undefined =>
  leaves.find(({ leaf }) => isAbout(leaf, 'order.adopted', revision));

/** The leaves about revisions by their text: one pass over the ledger, however many revisions the pack has. */
function leavesByDigest(leaves: readonly LoggedLeaf[]): ReadonlyMap<unknown, readonly LoggedLeaf[]> {
  return Map.groupBy(
    leaves.filter(({ leaf }) => leaf.kind.startsWith('order.')),
    ({ leaf }) => leaf.public['digest'],
  );
}

/** The version of the root in force at each adoption of a revision, by the index of its leaf. Older roots no longer count. */
function rootVersions(leaves: readonly LoggedLeaf[]): ReadonlyMap<number, number> {
  const versions = new Map<number, number>();
  let version = 0;
  for (const { index, leaf } of leaves.toSorted((a, b) => a.index - b.index)) {
    if (leaf.kind === 'approvers.adopted') version = Math.max(version, Number(leaf.public['version']));
    if (leaf.kind === 'order.adopted') versions.set(index, version);
  }
  return versions;
}

/** Which revisions took effect, by approvals and leaves. `leaves`: those that are proved, in the ledger's order. */
export function checkApprovals(
  revisions: readonly PackRevision[],
  chain: readonly Root[],
  leaves: readonly LoggedLeaf[],
  say: Findings,
): PackRevision[] {
  const adopted: PackRevision[] = [];
  const keys = byKeyid(chain.flatMap((root) => root.keys));
  const byDigest = leavesByDigest(leaves);
  const versions = rootVersions(leaves);
  for (const each of revisions) {
    const name = numbered('revisions', each.number);
    const before = say.failures;
    const { revision, envelope } = each;
    const previous = adopted.at(-1);
    if (revision.previous !== (previous?.digest ?? null)) {
      const what = previous ? `revision ${previous.number}` : 'nothing';
      say.failed(
        name,
        `${name} does not follow on ${what}, which was adopted before it: the chain of revisions is broken.`,
      );
    }
    say.try(name, () => checkSignatures(envelope, keys, name));
    const about = byDigest.get(each.digest) ?? [];
    if (!about.some(({ leaf }) => isAbout(leaf, 'order.revision', each))) {
      say.failed(name, `${name}: the ledger has no leaf of this text.`);
    }
    const approvals = about.filter(({ leaf }) => isAbout(leaf, 'order.approval', each));
    const approved = new Set(approvals.map(({ leaf }) => leaf.public['keyid']));
    for (const { keyid } of envelope.signatures) {
      if (!approved.has(keyid))
        say.failed(name, `${name}: the ledger has no leaf of the approval by key ${keyid.slice(0, 12)}….`);
    }
    const adoption = adoptionOf(each, about);
    if (!adoption) {
      if (say.failures === before) {
        say.proven(
          `Revision ${each.number} (${revision.act}) was proposed, and ${plural(envelope.signatures.length, 'approval')} given; it was never adopted.`,
        );
      }
      continue;
    }
    const version = versions.get(adoption.index) ?? 0;
    const inForce = chain.filter(({ approvers }) => approvers.version >= version);
    const judged = judge(each, inForce, previous);
    if (typeof judged === 'string') say.failed(name, `${name} was put in force, but ${judged}.`);
    else if (say.failures === before) say.proven(approvedWords(each, judged, adoption));
    adopted.push(each);
  }
  return adopted;
}

interface Approved {
  readonly root: number;
  readonly persons: readonly string[];
  readonly brief: boolean;
}

/** By which root the approvals suffice; or why by none. */
function judge(each: PackRevision, roots: readonly Root[], base: PackRevision | undefined): Approved | string {
  const { revision, envelope } = each;
  let why = 'no root of approvers was in force then';
  for (const root of roots) {
    const persons = personsWhoSigned(envelope, root);
    const { threshold, version } = root.approvers;
    const said = { root: version, persons: [...persons].sort() };
    const alone = standingOf(revision, persons, threshold, true);
    if (alone.adopted) return { ...said, brief: false };
    const brief = standingOf(revision, persons, threshold, false);
    if (brief.adopted && base && holdsOnly(revision, base.digest, base.revision)) return { ...said, brief: true };
    const proposer = persons.has(revision.proposer) ? ', and its proposer’s own approval counts for nothing' : '';
    why = `only ${plural(persons.size, 'different person', 'different people')} of root ${version} signed it where ${threshold} must who did not propose it${proposer}`;
  }
  return why;
}

function approvedWords(
  { number, revision }: PackRevision,
  { root, persons, brief }: Approved,
  adoption: LoggedLeaf,
): string {
  const others = persons.filter((person) => person !== revision.proposer);
  const who = `${(brief ? persons : others).join(' and ')}, with keys of root ${root}`;
  const at = new Date(adoption.leaf.at).toISOString();
  return brief
    ? `Revision ${number} (hold) holds the order for 72 hours at most by the word of ${who}; the ledger took it up with the server’s time ${at}.`
    : `Revision ${number} (${revision.act}) was proposed by ${revision.proposer} and approved by ${who}; the ledger took it up with the server’s time ${at}.`;
}
