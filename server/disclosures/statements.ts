/**
 * Dated statement of the operator, signed by two independent people of the role `legal` with their own keys. A statement expires. If nobody
 * renews it, its absence is visible in the report and as a health issue.
 */
import type { StatementView } from '../../shared/api/transparency.ts';
import {
  DISCLOSURE_PAYLOAD_TYPES,
  type InventoryKey,
  TRANSPARENCY_STATEMENT,
  type TransparencyStatement,
  transparencyStatementSchema,
} from '../../shared/disclosure/documents.ts';
import { requireSignature } from '../../shared/disclosure/signed-document.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText, parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { APPROVALS, countApprovals } from './approval-decision.ts';
import type { LegalPeople } from './ports.ts';
import type { StatementRow, TransparencyStore } from './transparency-ports.ts';

const DAY = 86_400_000;

export interface StatementsPorts {
  readonly store: Pick<TransparencyStore, 'statements' | 'proposeStatement' | 'signStatement'>;
  readonly legal: LegalPeople;
  readonly clock: Clock;
  readonly installation: string;
  readonly organization: string;
  readonly keys: () => readonly InventoryKey[];
  /** Days for which a statement is valid. */
  readonly days: number;
  readonly changed: () => void;
}

export function createStatements(ports: StatementsPorts) {
  const { store, legal, clock, installation, organization, keys, days, changed } = ports;

  async function list(): Promise<StatementView[]> {
    const [rows, people, holders] = await Promise.all([store.statements(), legal.people(), legal.legal()]);
    return rows.map((row) => {
      const signers = row.signatures.map(({ person }) => person);
      // The signers of an adopted statement counted when they signed. They still count after they have left.
      const signed = row.state === 'adopted' ? APPROVALS : countApprovals(signers, holders, people);
      return statementView(row, signed);
    });
  }

  async function shown(digest: string): Promise<StatementView> {
    const view = (await list()).find((each) => each.digest === digest);
    if (view) return view;
    throw new CordonError(
      'not_found',
      'There is no such statement. List statements in the console, under Disclosures, Transparency.',
    );
  }

  async function propose(by: PersonId, lasting = days): Promise<StatementView> {
    const now = clock.now();
    const document: TransparencyStatement = {
      installation,
      organization,
      statement: TRANSPARENCY_STATEMENT,
      date: new Date(now).toISOString(),
      expires: new Date(now + lasting * DAY).toISOString(),
      proposedBy: by,
      keys: [...keys()],
    };
    const payload = canonicalText(document);
    const digest = sha256(payload);
    await store.proposeStatement({ digest, payload, proposedAt: now, expiresAt: now + lasting * DAY });
    changed();
    return shown(digest);
  }

  async function sign(
    by: PersonId,
    digest: string,
    { keyid, signature }: { readonly keyid: string; readonly signature: string },
  ): Promise<StatementView> {
    const row = (await store.statements()).find((each) => each.digest === digest);
    if (!row) throw new CordonError('not_found', 'There is no such statement. Propose one: cordon transparency renew.');
    if (row.state === 'adopted') throw new CordonError('conflict', 'Two people have already signed this statement.');
    const at = clock.now();
    if (row.expiresAt <= at) {
      throw new CordonError('conflict', 'The statement has expired. Propose a new one: cordon transparency renew.');
    }
    const [people, registered, holders] = await Promise.all([legal.people(), legal.keys(), legal.legal()]);
    const key = registered.find((each) => each.keyid === keyid);
    if (!key)
      throw new CordonError('approver_unknown', 'This key is not registered. Register it: cordon key register.');
    if (!people.isSame(key.person, by))
      throw new CordonError('forbidden', 'This key belongs to another person. Sign with your own.');
    const { publicKey, rpId } = key;
    requireSignature(DISCLOSURE_PAYLOAD_TYPES.statement, row.payload, { keyid, publicKey, rpId, sig: signature });
    const earlier = row.signatures.map(({ person }) => person);
    if (earlier.some((person) => people.isSame(person, by)))
      throw new CordonError('same_person', 'You have already signed. Another person must sign.');
    const adopted = countApprovals([...earlier, by], holders, people) >= APPROVALS;
    const { expires } = readStatement(row);
    await store.signStatement(
      digest,
      { person: by, keyid, publicKey, rpId, sig: signature, at },
      adopted ? { kind: 'transparency.stated', at, subject: null, public: { digest, expires } } : null,
    );
    changed();
    return shown(digest);
  }

  return { list, propose, sign };
}

const readStatement = ({ payload }: Pick<StatementRow, 'payload'>): TransparencyStatement =>
  parseDocument(transparencyStatementSchema, Buffer.from(payload));

export function statementView(row: StatementRow, signed: number): StatementView {
  const { statement, date, expires } = readStatement(row);
  return {
    state: row.state,
    payload: row.payload,
    payloadType: DISCLOSURE_PAYLOAD_TYPES.statement,
    digest: row.digest,
    text: statement,
    date,
    expires,
    adoptedAt: row.adoptedAt,
    signatures: row.signatures.map(({ keyid, sig, publicKey, rpId, person, at }) => ({
      keyid,
      sig,
      publicKey,
      rpId,
      person,
      at,
    })),
    signed,
    needed: APPROVALS,
  };
}

/** State of the newest adopted statement. The function is pure. `rows`: statements, newest first. */
export function currentStatement(
  rows: readonly StatementRow[],
  now: number,
):
  | { readonly state: 'valid'; readonly row: StatementRow }
  | { readonly state: 'expired'; readonly since: number }
  | { readonly state: 'none' } {
  const row = rows.find(({ state }) => state === 'adopted');
  if (!row) return { state: 'none' };
  return row.expiresAt > now ? { state: 'valid', row } : { state: 'expired', since: row.expiresAt };
}
