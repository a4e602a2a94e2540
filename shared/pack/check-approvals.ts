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

/** Every signature stands there once, and each holds under a key that is known. */
function checkSignatures(envelope: Envelope, keys: readonly VerifyingKey[], what: string): void {
  const seen = new Set<string>();
  const signers = signedBy(envelope, keys);
  const known = new Set(keys.map(({ keyid }) => keyid));
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
      checkSignatures(envelope, [...read.keys, ...(last?.keys ?? [])], name);
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
  const numbers = [...files.keys()].flatMap((name) => numberIn('revisions', name) ?? []);
  for (let number = 1; number <= Math.max(1, ...numbers); number += 1) {
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

/** The root that was in force when the ledger got the leaf at `index`; older ones no longer count. */
function rootsFrom(chain: readonly Root[], leaves: readonly LoggedLeaf[], index: number): readonly Root[] {
  const adopted = leaves.filter(({ leaf, index: at }) => leaf.kind === 'approvers.adopted' && at < index);
  const version = Math.max(0, ...adopted.map(({ leaf }) => Number(leaf.public['version'])));
  return chain.filter(({ approvers }) => approvers.version >= version);
}

/** Which revisions took effect, by approvals and leaves. `leaves`: those that are proved, in the ledger's order. */
export function checkApprovals(
  revisions: readonly PackRevision[],
  chain: readonly Root[],
  leaves: readonly LoggedLeaf[],
  say: Findings,
): PackRevision[] {
  const adopted: PackRevision[] = [];
  const keys = chain.flatMap((root) => root.keys);
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
    if (!leaves.some(({ leaf }) => isAbout(leaf, 'order.revision', each))) {
      say.failed(name, `${name}: the ledger has no leaf of this text.`);
    }
    for (const { keyid } of envelope.signatures) {
      const logged = ({ leaf }: LoggedLeaf) => isAbout(leaf, 'order.approval', each) && leaf.public['keyid'] === keyid;
      if (!leaves.some(logged))
        say.failed(name, `${name}: the ledger has no leaf of the approval by key ${keyid.slice(0, 12)}….`);
    }
    const adoption = adoptionOf(each, leaves);
    if (!adoption) {
      if (say.failures === before) {
        say.proven(
          `Revision ${each.number} (${revision.act}) was proposed, and ${plural(envelope.signatures.length, 'approval')} given; it was never adopted.`,
        );
      }
      continue;
    }
    const judged = judge(each, rootsFrom(chain, leaves, adoption.index), previous);
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
