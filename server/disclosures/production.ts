/**
 * Production of a request: the file that is sealed to the authority, once. The plain lines exist in memory
 * only, until the sealed file is stored in one transaction with its ledger entry. A process that ends before leaves nothing (ADR 54).
 */
import { parseRecipient, sealTo } from '../../shared/age/seal-to.ts';
import type { ProductionLine } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES, type DisclosureText } from '../../shared/disclosure/documents.ts';
import { requireSignature } from '../../shared/disclosure/signed-document.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { newSalt } from '../../shared/order/exemption.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { APPROVALS, countApprovals } from './approval-decision.ts';
import { authorityState, fingerprintOf } from './authorities.ts';
import { rangeOf, readText } from './disclosure-text.ts';
import type {
  ApprovalRow,
  AuthorityStore,
  DisclosureRecord,
  DisclosureStore,
  LegalPeople,
  PersonRecords,
} from './ports.ts';
import { newestOf } from './request-views.ts';

/** Maximum number of lines of one production. A person with more lines needs a narrower window. */
const MOST_LINES = 200_000;

export interface ProductionPorts {
  readonly store: Pick<DisclosureStore, 'produce'>;
  readonly authorities: Pick<AuthorityStore, 'authority'>;
  readonly records: PersonRecords;
  readonly legal: LegalPeople;
  readonly clock: Clock;
}

export function createProduction({ store, authorities, records, legal, clock }: ProductionPorts) {
  return {
    /**
     * Produces the records of a request. Throws `disclosure_already_produced`, `disclosure_closed`, `disclosure_not_approved`,
     * `disclosure_instrument_expired` or `disclosure_authority_unverified`.
     */
    async produce({ row, versions, approvals }: DisclosureRecord, by: PersonId): Promise<void> {
      requireOpen(row.state);
      const version = newestOf(versions);
      const text = readText(version);
      const counted = approvals.filter((approval) => approval.version === version.version);
      for (const approval of counted) requireSignature(DISCLOSURE_PAYLOAD_TYPES.disclosure, version.payload, approval);
      await requireApprovals(counted, legal);
      if (Date.parse(text.instrument.expiresAt) <= clock.now()) {
        throw new CordonError(
          'disclosure_instrument_expired',
          'The legal instrument expired before the production. Ask the authority for a valid instrument, and draft a new request.',
        );
      }
      const recipient = await pinnedRecipient(text, authorities);
      const lines = await linesOf(records, text);
      const signatures = counted.map(({ keyid, sig, publicKey, rpId }) => ({ keyid, sig, publicKey, rpId }));
      const salt = newSalt();
      const plain = productionFile(version.payload, signatures, lines, salt);
      const file = await sealTo(recipient, plain);
      const at = clock.now();
      const digest = sha256(file);
      await store.produce(
        {
          disclosure: row.id,
          version: version.version,
          recipient: text.authority.recipient,
          sealed: file,
          production: { at, by, sha256: digest, bytes: file.length, lines: lines.length },
          noticeDue: Math.max(at, text.notice.notBefore === null ? at : Date.parse(text.notice.notBefore)),
        },
        {
          kind: 'disclosure.produced',
          at,
          subject: version.digest,
          public: { disclosure: row.id, sha256: digest, commitment: sha256(plain) },
        },
      );
    },
  };
}

/** Reads the records that the text names. Throws `too_large` if there are too many. */
export async function linesOf(records: PersonRecords, text: DisclosureText): Promise<ProductionLine[]> {
  const lines = await records.lines(text.person, text.records, rangeOf(text.window));
  if (lines.length <= MOST_LINES) return lines;
  throw new CordonError('too_large', `The production has ${lines.length} lines. Narrow the window.`);
}

/** Throws for a closed request, which no longer gives access to the records. */
export function requireOpen(state: DisclosureRecord['row']['state']): void {
  if (state === 'produced') {
    const detail =
      'The request was already produced. Download the sealed file, or ask the authority for a second request with its own instrument.';
    throw new CordonError('disclosure_already_produced', detail);
  }
  if (state === 'refused')
    throw new CordonError('disclosure_closed', 'The request was refused, so it is closed. Draft a new request.');
}

async function requireApprovals(counted: readonly ApprovalRow[], legal: LegalPeople): Promise<void> {
  const [people, holders, keys] = await Promise.all([legal.people(), legal.legal(), legal.keys()]);
  const registered = ({ person, keyid, publicKey, rpId }: ApprovalRow) =>
    keys.some(
      (key) =>
        key.keyid === keyid && key.publicKey === publicKey && key.rpId === rpId && people.isSame(key.person, person),
    );
  const signers = counted.filter(registered).map(({ person }) => person);
  const count = countApprovals(signers, holders, people);
  if (count >= APPROVALS) return;
  const detail = `${count} of ${APPROVALS} independent people of the role legal have approved the newest text. A role from the identity provider counts for 12 hours after a sign-in there.`;
  throw new CordonError('disclosure_not_approved', detail, { approved: count, needed: APPROVALS });
}

/** Recipient that the signed text names. Throws unless the registry still has exactly this verified key for the authority. */
async function pinnedRecipient({ authority }: DisclosureText, authorities: Pick<AuthorityStore, 'authority'>) {
  const row = await authorities.authority(authority.id);
  const same =
    row !== null &&
    authorityState(row) === 'verified' &&
    row.recipient === authority.recipient &&
    fingerprintOf(row.recipient) === authority.fingerprint;
  if (same) return parseRecipient(authority.recipient);
  const detail =
    'The key in the signed text is not the verified key of the authority, or the key was revoked. Nothing was sealed. Draft a new request with the verified key.';
  throw new CordonError('disclosure_authority_unverified', detail, { authority: authority.id });
}

export const encodeLines = (lines: readonly ProductionLine[]): string =>
  lines.map((line) => `${canonicalText(line)}\n`).join('');

/**
 * Plain file for the authority, UTF-8, one canonical JSON document per line: first the head with the signed text, its signatures and a
 * random salt, then the records. Because of the salt, the hash of the file in the ledger reveals nothing about it.
 */
function productionFile(
  payload: string,
  signatures: readonly Pick<ApprovalRow, 'keyid' | 'sig' | 'publicKey' | 'rpId'>[],
  lines: readonly ProductionLine[],
  salt: string,
): Buffer {
  const head = { format: 'cordon-production-1', request: payload, signatures, salt, lines: lines.length };
  return Buffer.from(`${canonicalText(head)}\n${encodeLines(lines)}`);
}
