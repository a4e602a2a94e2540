/**
 * Check of approvals in an evidence pack. The first approver set must have the hash in the public root (document with the keys that
 * auditors need). Ledger entries must confirm the server's statement about which revisions were adopted under which approver set.
 */

import { CordonError } from '../errors.ts';
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import { adoptionStateOf, isCourtStay, pausesOnly } from '../order/adoption-state.ts';
import { type ApproverSet, personsWhoSigned, readApproverSet, verifyApproverSets } from '../order/approvers.ts';
import { attestationOf, attestationWords } from '../order/attestation.ts';
import { type Envelope, envelopeSchema } from '../order/documents.ts';
import { signedBy, type VerifyingKey } from '../order/dsse.ts';
import { readRevision } from '../order/verify-list.ts';
import { readBase64 } from '../strict-base64.ts';
import { type PackFiles, readFile } from './check-files.ts';
import { checkImmediate } from './check-immediate.ts';
import { type Findings, plural } from './findings.ts';
import { numbered, numberIn } from './format.ts';
import type { LoggedEntry, PackRevision } from './pack-content.ts';
import type { PublicRoot } from './public-root.ts';

const byKeyid = (keys: readonly VerifyingKey[]) => new Map(keys.map((key) => [key.keyid, key]));

/** Checks that no signature occurs twice, and that each is valid under a known key. */
function checkSignatures(envelope: Envelope, known: ReadonlyMap<string, VerifyingKey>, name: string): void {
  const checked = new Set<string>();
  const named = new Set(envelope.signatures.map(({ keyid }) => keyid));
  const signers = signedBy(
    envelope,
    [...named].flatMap((keyid) => known.get(keyid) ?? []),
  );
  for (const { keyid, sig } of envelope.signatures) {
    const refuse = (why: string) =>
      new CordonError('signature_invalid', `${name}: ${why} (key ${keyid.slice(0, 12)}…).`);
    if (checked.has(keyid)) throw refuse('one key has signed twice and counts once');
    if (!known.has(keyid)) throw refuse('a signature is by a key that is in no approver set');
    if (!signers.has(keyid) || !readBase64(sig)) {
      throw refuse(
        'a signature does not match this text: the text was changed, or the signature belongs to another text',
      );
    }
    checked.add(keyid);
  }
}

/** Approver sets of the chain, from the first set up to the first invalid one. */
export function checkApproverSets(files: PackFiles, pinned: PublicRoot, findings: Findings): ApproverSet[] {
  const before = findings.failures;
  const chain: ApproverSet[] = [];
  const names = [...files.keys()].flatMap((name) => numberIn('approvers', name) ?? []).sort((a, b) => a - b);
  for (const version of names.length === 0 ? [1] : names) {
    const name = numbered('approvers', version);
    const approverSet = findings.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const read = readApproverSet(envelope);
      const last = chain.at(-1) ?? null;
      if (version === 1 && read.digest !== pinned.approvers) {
        throw new CordonError('signature_invalid', `${name} is not the first approver set in the public root.`);
      }
      if (read.approvers.installation !== pinned.installation) {
        throw new CordonError('list_other_installation', `${name} belongs to another installation.`);
      }
      checkSignatures(envelope, byKeyid([...read.keys, ...(last?.keys ?? [])]), name);
      return verifyApproverSets(last, [envelope]);
    });
    if (!approverSet) break;
    chain.push(approverSet);
  }
  const newest = chain.at(-1);
  if (newest && findings.failures === before) {
    const people = new Set(newest.approvers.approvers.map(({ person }) => person)).size;
    findings.proven(
      `Approvers: ${plural(chain.length, 'approver set')}, each signed by the approvers of the one before. The public root contains the first one. The newest has ${plural(people, 'person', 'people')}, ${newest.approvers.threshold} of whom must approve an order.`,
    );
    const passkeys = newest.keys.filter(({ rpId }) => rpId !== undefined);
    if (passkeys.length > 0) {
      const sites = [...new Set(passkeys.map(({ rpId }) => rpId))].join(', ');
      findings.proven(
        `Passkeys: ${passkeys.length} of the ${newest.keys.length} keys of the newest approver set are passkeys for ${sites}. Their authenticators state that they verified the user of each signature.`,
      );
    }
    const { selfAttested } = attestationOf(newest.approvers);
    if (selfAttested > 0) findings.unproven(attestationWords(newest.approvers));
    else
      findings.proven('The approvers signed a statement that the installation verified the address of each approver.');
  }
  return chain;
}

/**
 * Reads the revisions of an order from an evidence pack, oldest first. Each invalid file and each gap in the revision numbers is reported
 * as a failure.
 */
export function checkRevisions(
  files: PackFiles,
  about: { readonly installation: string; readonly order: string },
  findings: Findings,
): PackRevision[] {
  const found: PackRevision[] = [];
  const numbers = [...files.keys()].flatMap((name) => numberIn('revisions', name) ?? []).sort((a, b) => a - b);
  let next = 1;
  // The author of a pack could leave a huge gap between revision numbers, so a gap of any length is reported as one failure.
  const checkGap = (number: number) => {
    if (number === next) return;
    const first = numbered('revisions', next);
    const more = number - next > 1 ? `, and so are the others before revision ${number}` : '';
    findings.failed(first, `${first} is missing${more}.`);
  };
  if (numbers.length === 0) checkGap(2);
  for (const number of numbers) {
    checkGap(number);
    next = number + 1;
    const name = numbered('revisions', number);
    const read = findings.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const { revision, digest } = readRevision(envelope);
      if (revision.installation !== about.installation || revision.order !== about.order) {
        const whose = `order ${revision.order} of installation ${revision.installation}`;
        throw new CordonError('document_wrong_type', `${name} belongs to ${whose}, not to ${about.order}.`);
      }
      if (revision.revision !== number) {
        throw new CordonError(
          'document_wrong_type',
          `${name} contains revision ${revision.revision}: revisions were reordered.`,
        );
      }
      return { number, revision, digest, envelope };
    });
    if (read) found.push(read);
  }
  return found;
}

const isAbout = (entry: LedgerEntry, kind: LedgerEntry['kind'], { number, digest }: PackRevision): boolean =>
  entry.kind === kind && entry.public['revision'] === number && entry.public['digest'] === digest;

export const adoptionOf = (revision: PackRevision, entries: readonly LoggedEntry[]): LoggedEntry | undefined =>
  entries.find(({ entry }) => isAbout(entry, 'order.adopted', revision));

function entriesByDigest(entries: readonly LoggedEntry[]): ReadonlyMap<unknown, readonly LoggedEntry[]> {
  return Map.groupBy(
    entries.filter(({ entry }) => entry.kind.startsWith('order.')),
    ({ entry }) => entry.public['digest'],
  );
}

/**
 * Version of the approver set that was current at each adoption, by the index of the adoption's ledger entry. Approvals under older sets
 * are invalid.
 */
function approverSetVersions(entries: readonly LoggedEntry[]): ReadonlyMap<number, number> {
  const versions = new Map<number, number>();
  let version = 0;
  for (const { index, entry } of entries.toSorted((a, b) => a.index - b.index)) {
    if (entry.kind === 'approvers.adopted') version = Math.max(version, Number(entry.public['version']));
    if (entry.kind === 'order.adopted') versions.set(index, version);
  }
  return versions;
}

/** Adopted revisions, according to approvals and ledger entries. `entries`: proved entries in ledger order. */
export function checkApprovals(
  revisions: readonly PackRevision[],
  chain: readonly ApproverSet[],
  entries: readonly LoggedEntry[],
  findings: Findings,
): PackRevision[] {
  const adopted: PackRevision[] = [];
  const keys = byKeyid(chain.flatMap((approverSet) => approverSet.keys));
  const byDigest = entriesByDigest(entries);
  const versions = approverSetVersions(entries);
  for (const each of revisions) {
    const name = numbered('revisions', each.number);
    const before = findings.failures;
    const { revision, envelope } = each;
    const previous = adopted.at(-1);
    if (revision.previous !== (previous?.digest ?? null)) {
      const what = previous ? `revision ${previous.number}` : 'nothing';
      findings.failed(
        name,
        `${name} does not replace ${what}, which was adopted before it: the chain of revisions is broken.`,
      );
    }
    findings.try(name, () => checkSignatures(envelope, keys, name));
    const about = byDigest.get(each.digest) ?? [];
    if (!about.some(({ entry }) => isAbout(entry, 'order.revision', each))) {
      findings.failed(name, `${name}: the ledger has no entry of this text.`);
    }
    const approvals = about.filter(({ entry }) => isAbout(entry, 'order.approval', each));
    const approved = new Set(approvals.map(({ entry }) => entry.public['keyid']));
    for (const { keyid } of envelope.signatures) {
      if (!approved.has(keyid))
        findings.failed(name, `${name}: the ledger has no entry of the approval by key ${keyid.slice(0, 12)}….`);
    }
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
    const confirmed = { ...each, payload, base: previous?.revision ?? null };
    const approvalEntries = approvals.map(({ entry }) => entry);
    checkImmediate(name, confirmed, approvalEntries, keys, findings);
    const adoption = adoptionOf(each, about);
    if (!adoption) {
      if (findings.failures === before) {
        findings.proven(
          `Revision ${each.number} (${revision.action}) was proposed, and ${plural(envelope.signatures.length, 'approval')} given; it was never adopted.`,
        );
      }
      continue;
    }
    const version = versions.get(adoption.index) ?? 0;
    const inForce = chain.filter(({ approvers }) => approvers.version >= version);
    const judged = judge(each, inForce, previous);
    if (typeof judged === 'string') findings.failed(name, `${name} was adopted, but ${judged}.`);
    else if (findings.failures === before) findings.proven(approvedWords(each, judged, adoption));
    adopted.push(each);
  }
  return adopted;
}

interface Approved {
  readonly approverSet: number;
  readonly persons: readonly string[];
  readonly brief: boolean;
}

/** Approver set under which the revision has enough approvals, or the reason why there is none. */
function judge(
  each: PackRevision,
  approverSets: readonly ApproverSet[],
  base: PackRevision | undefined,
): Approved | string {
  const { revision, envelope } = each;
  let why = 'no approver set existed at that time';
  for (const approverSet of approverSets) {
    const persons = personsWhoSigned(envelope, approverSet);
    const { threshold, version } = approverSet.approvers;
    const said = { approverSet: version, persons: [...persons].sort() };
    const alone = adoptionStateOf(revision, persons, threshold, true);
    if (alone.adopted) return { ...said, brief: false };
    const brief = adoptionStateOf(revision, persons, threshold, false);
    if (brief.adopted && base && pausesOnly(revision, base.digest, base.revision)) return { ...said, brief: true };
    const proposer = persons.has(revision.proposer) ? ', and the proposer’s own approval does not count' : '';
    why = `only ${plural(persons.size, 'different person', 'different people')} of approver set ${version} signed it; ${threshold} people other than the proposer must sign${proposer}`;
  }
  return why;
}

function approvedWords(
  { number, revision }: PackRevision,
  { approverSet, persons, brief }: Approved,
  adoption: LoggedEntry,
): string {
  const others = persons.filter((person) => person !== revision.proposer);
  const who = `${(brief ? persons : others).join(' and ')}, with keys of approver set ${approverSet}`;
  const at = new Date(adoption.entry.at).toISOString();
  if (brief && isCourtStay(revision)) {
    const { name = '', case: court = '' } = revision.basis?.court ?? {};
    return `Revision ${number} (pause) pauses the order without an end. It was approved by ${who}, with a document of ${name}, case ${court}. The ledger has it with the server’s time ${at}.`;
  }
  return brief
    ? `Revision ${number} (pause) pauses the order for at most 72 hours. It was approved by ${who}. The ledger has it with the server’s time ${at}.`
    : `Revision ${number} (${revision.action}) was proposed by ${revision.proposer} and approved by ${who}. The ledger has it with the server’s time ${at}.`;
}
