/** Views of requests for the API. An auditor sees no account: neither the person, nor a text that names the person. */
import type { DisclosureDetail, DisclosureView } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { People } from '../independence/independence.ts';
import { APPROVALS, approvalObstacle, countApprovals } from './approval-decision.ts';
import { readText } from './disclosure-text.ts';
import type { DisclosureRecord, DisclosureRow, DisclosureStore, VersionRow } from './ports.ts';
import type { Refusals } from './refusals.ts';

export interface Viewer {
  readonly person: PersonId;
  /** True if the reader may see the account; false for an auditor. */
  readonly seesAccounts: boolean;
}

export interface ViewFacts {
  readonly names: ReadonlyMap<PersonId, string>;
  readonly people: People;
  readonly legal: ReadonlySet<string>;
  readonly now: number;
}

export async function namesIn(store: Pick<DisclosureStore, 'names'>, records: readonly DisclosureRecord[]) {
  return store.names(
    records.flatMap(({ row, versions, approvals }) => [
      row.person,
      ...versions.map(({ draftedBy }) => draftedBy),
      ...approvals.map(({ person }) => person),
      ...(row.production ? [row.production.by] : []),
    ]),
  );
}

export async function detailOf(
  record: DisclosureRecord,
  viewer: Viewer,
  facts: ViewFacts,
  refusals: Pick<Refusals, 'views'>,
): Promise<DisclosureDetail> {
  const { row, versions, approvals, refusal } = record;
  const newest = newestOf(versions);
  const text = readText(newest);
  const current = approvals.filter(({ version }) => version === newest.version);
  const named = (person: PersonId) => ({ person, name: facts.names.get(person) ?? person });
  const [refused = null] = refusal ? await refusals.views([refusal]) : [];
  return {
    id: row.id,
    state: row.state,
    person: viewer.seesAccounts ? named(row.person) : null,
    authority: text.authority,
    instrument: text.instrument,
    window: text.window,
    records: text.records,
    deadline: text.deadline,
    objection: viewer.seesAccounts ? text.objection : null,
    receivedAt: row.receivedAt,
    version: newest.version,
    digest: newest.digest,
    approved: countApprovals(
      current.map(({ person }) => person),
      facts.legal,
      facts.people,
    ),
    needed: APPROVALS,
    obstacle: obstacleFor(record, viewer, facts),
    production: row.production && { ...row.production, by: named(row.production.by) },
    notice: noticeOf(row, text.notice.basis, facts.now),
    refusal: refused && (viewer.seesAccounts ? refused : { ...refused, note: null }),
    versions: versions.map((version) => ({
      version: version.version,
      payload: viewer.seesAccounts ? version.payload : null,
      payloadType: DISCLOSURE_PAYLOAD_TYPES.disclosure,
      digest: version.digest,
      draftedBy: named(version.draftedBy),
      draftedAt: version.draftedAt,
      note: viewer.seesAccounts ? version.note : null,
      approvals: approvals
        .filter((approval) => approval.version === version.version)
        .map(({ person, keyid, sig, at }) => ({ ...named(person), keyid, sig, at })),
    })),
  };
}

function obstacleFor({ row, versions, approvals }: DisclosureRecord, viewer: Viewer, facts: ViewFacts): string | null {
  if (!viewer.seesAccounts) return 'Only the role legal approves requests.';
  if (row.state !== 'drafted' && row.state !== 'approved') return `The request is ${row.state}.`;
  if (approvals.some(({ person, version }) => version === row.version && facts.people.isSame(person, viewer.person))) {
    return 'You have approved this text.';
  }
  return approvalObstacle(
    viewer.person,
    versions.map(({ draftedBy }) => draftedBy),
    facts.people,
  );
}

function noticeOf(
  { production, noticeDue, notifiedAt }: DisclosureRow,
  basis: string | null,
  now: number,
): DisclosureView['notice'] {
  if (production === null || noticeDue === null) return { state: 'none', dueAt: null, basis, sentAt: null };
  if (notifiedAt !== null) return { state: 'sent', dueAt: noticeDue, basis, sentAt: notifiedAt };
  return { state: noticeDue > now ? 'delayed' : 'waiting', dueAt: noticeDue, basis, sentAt: null };
}

export function newestOf(versions: readonly VersionRow[]): VersionRow {
  const version = versions.at(-1);
  if (!version) throw new Error('a request has no text');
  return version;
}
