/**
 * Life of a request: drafted, narrowed, approved by two independent people of the role `legal`, produced once, or refused. Actions run one
 * at a time, and the store refuses an action on a request that has changed.
 */
import type { DisclosureDetail, Narrowing, NewDisclosure, RecordedDemand } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import type { DecidedReason, RuleReason } from '../../shared/disclosure/refusal-reasons.ts';
import { requireSignature } from '../../shared/disclosure/signed-document.ts';
import { CordonError } from '../../shared/errors.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { authorityIdSchema, type DisclosureId, newDisclosureId, type PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { APPROVALS, countApprovals, requireApprover } from './approval-decision.ts';
import { assessBody, assessRequest, assessWindow, authorityAndReference } from './assess-request.ts';
import { authorityState } from './authorities.ts';
import { firstText, narrowerText, readText } from './disclosure-text.ts';
import type {
  AuthorityStore,
  DisclosureRecord,
  DisclosureRow,
  DisclosureStore,
  DocumentsPort,
  LegalPeople,
  PagePosition,
} from './ports.ts';
import { type RefusalFacts, type Refusals, refusalError } from './refusals.ts';
import { detailOf, namesIn, newestOf, type Viewer } from './request-views.ts';

/** Maximum number of drafted requests of one person that are neither approved nor refused. */
export const OPEN_DRAFTS = 20;

export interface SubmittedApproval {
  readonly digest: string;
  readonly keyid: string;
  readonly signature: string;
}

export interface RequestsPorts {
  readonly store: DisclosureStore;
  readonly authorities: Pick<AuthorityStore, 'authority'>;
  readonly documents: DocumentsPort;
  readonly legal: LegalPeople;
  readonly refusals: Refusals;
  readonly clock: Clock;
  readonly installation: string;
  readonly changed: () => void;
}

export function createRequests(ports: RequestsPorts) {
  const { store, authorities, documents, legal, refusals, clock, installation, changed } = ports;

  async function find(id: DisclosureId): Promise<DisclosureRecord> {
    const record = await store.find(id);
    if (record) return record;
    throw new CordonError('not_found', `There is no request ${id}. List them: cordon disclosures list.`);
  }

  async function views(records: readonly DisclosureRecord[], viewer: Viewer): Promise<DisclosureDetail[]> {
    const [names, people, holders] = await Promise.all([namesIn(store, records), legal.people(), legal.legal()]);
    const facts = { names, people, legal: holders, now: clock.now() };
    return Promise.all(records.map((record) => detailOf(record, viewer, facts, refusals)));
  }

  async function show(id: DisclosureId, viewer: Viewer): Promise<DisclosureDetail> {
    const [view] = await views([await find(id)], viewer);
    if (!view) throw new Error('a request has no view');
    return view;
  }

  async function refuseDemand(reason: RuleReason, facts: Omit<RefusalFacts, 'reason' | 'disclosure'>): Promise<never> {
    throw refusalError(reason, await refusals.record({ ...facts, reason, disclosure: null }));
  }

  /** Drafts a request. An over-wide request is recorded as a refusal, and the promise rejects with the reason's own code. */
  async function draft(by: PersonId, request: NewDisclosure): Promise<DisclosureId> {
    if ((await store.openDrafts(by)) >= OPEN_DRAFTS) {
      const detail = `You have ${OPEN_DRAFTS} drafted requests. Refuse some of them, or wait until two other people approve some.`;
      throw new CordonError('disclosure_too_many_drafts', detail, { limit: OPEN_DRAFTS });
    }
    const { instrument, person } = request;
    const authority = await authorities.authority(request.authority);
    const stored = await documents.stored(instrument.document.sha256);
    const now = clock.now();
    const reason = assessRequest(
      request,
      {
        account: (await store.isPerson(person)) ? 'known' : 'unknown',
        authority: authority ? authorityState(authority) : 'unknown',
        instrumentUsed: await store.isInstrumentUsed(
          request.authority,
          instrument.reference,
          instrument.document.sha256,
        ),
        documentStored:
          stored?.mediaType === instrument.document.mediaType && stored.bytes === instrument.document.bytes,
      },
      now,
    );
    const received = { source: 'request' as const, receivedOn: null, note: null, by };
    const demand = { ...received, authority: authority?.name ?? request.authority, reference: instrument.reference };
    if (reason !== null) return refuseDemand(reason, demand);
    if (!authority) throw new Error('a verified authority is missing');
    const id = newDisclosureId();
    const version = firstText(request, authority, { disclosure: id, installation, by, at: now });
    const row: DisclosureRow = {
      id,
      state: 'drafted',
      person,
      authority: authority.id,
      reference: instrument.reference,
      document: instrument.document.sha256,
      receivedAt: now,
      version: 1,
      production: null,
      noticeDue: null,
      notifiedAt: null,
    };
    await store.draft(row, version, {
      kind: 'disclosure.received',
      at: now,
      subject: version.digest,
      public: { disclosure: id, version: 1 },
    });
    changed();
    return id;
  }

  /** Name of a registered authority; any other text unchanged. */
  async function nameOf(authority: string | null): Promise<string | null> {
    const id = authorityIdSchema.safeParse(authority);
    return id.success ? ((await authorities.authority(id.data))?.name ?? authority) : authority;
  }

  /**
   * Records an over-wide demand that the schema cannot express. Returns the error with the reason's own code; null if the body contains
   * another mistake.
   */
  async function refuseBody(by: PersonId, body: unknown): Promise<CordonError | null> {
    const reason = assessBody(body, clock.now());
    if (reason === null) return null;
    const { authority, reference } = authorityAndReference(body);
    const refusal = await refusals.record({
      authority: await nameOf(authority),
      reference,
      reason,
      source: 'request',
      receivedOn: null,
      note: null,
      disclosure: null,
      by,
    });
    return refusalError(reason, refusal);
  }

  async function narrow(by: PersonId, id: DisclosureId, change: Narrowing): Promise<void> {
    const { row, versions } = await find(id);
    requireOpen(row);
    const now = clock.now();
    const version = narrowerText(readText(newestOf(versions)), change, by, now);
    const reason = assessWindow(readText(version).window, now);
    if (reason !== null)
      throw new CordonError('invalid_input', 'The window must end in the past. Enter an earlier end.');
    await store.addVersion(version, {
      kind: 'disclosure.received',
      at: now,
      subject: version.digest,
      public: { disclosure: id, version: version.version },
    });
    changed();
  }

  async function approve(by: PersonId, id: DisclosureId, submitted: SubmittedApproval): Promise<void> {
    const { row, versions, approvals } = await find(id);
    requireOpen(row);
    const version = newestOf(versions);
    if (submitted.digest !== version.digest) {
      const detail = 'The request has a newer text than the one that you signed. Read the newest text, and sign it.';
      throw new CordonError('revision_superseded', detail, { version: version.version });
    }
    const [people, keys, holders] = await Promise.all([legal.people(), legal.keys(), legal.legal()]);
    const drafters = versions.map(({ draftedBy }) => draftedBy);
    requireApprover(by, drafters, people);
    const key = keys.find(({ keyid }) => keyid === submitted.keyid);
    if (!key)
      throw new CordonError('approver_unknown', 'This key is not registered. Register it: cordon key register.');
    if (!people.isSame(key.person, by))
      throw new CordonError('forbidden', 'This key belongs to another person. Sign with your own.');
    const { publicKey, rpId, keyid } = key;
    requireSignature(DISCLOSURE_PAYLOAD_TYPES.disclosure, version.payload, {
      publicKey,
      rpId,
      keyid,
      sig: submitted.signature,
    });
    const earlier = approvals.filter((approval) => approval.version === version.version);
    if (earlier.some(({ person }) => people.isSame(person, by))) {
      throw new CordonError('same_person', 'You have already approved this text. Another person must approve it too.');
    }
    const at = clock.now();
    const approved = countApprovals([...earlier.map(({ person }) => person), by], holders, people) >= APPROVALS;
    await store.approve(
      { disclosure: id, version: version.version, person: by, keyid, publicKey, rpId, sig: submitted.signature, at },
      approved,
      {
        kind: 'disclosure.approved',
        at,
        subject: canonicalText({ person: by, keyid, digest: version.digest }),
        public: { disclosure: id, version: version.version },
      },
    );
    changed();
  }

  async function refuse(by: PersonId, id: DisclosureId, reason: DecidedReason, note: string): Promise<void> {
    const { versions } = await find(id);
    const { authority, instrument } = readText(newestOf(versions));
    await refusals.record({
      reason,
      note,
      by,
      disclosure: id,
      source: 'decided',
      receivedOn: null,
      authority: authority.name,
      reference: instrument.reference,
    });
    changed();
  }

  return {
    find,
    show,
    draft,
    refuseBody,
    narrow,
    approve,
    refuse,
    async list(state: DisclosureRow['state'] | null, after: PagePosition | null, limit: number, viewer: Viewer) {
      return views(await store.list(state, after, limit), viewer);
    },
    /** Records a demand that no request can express, such as one for wholesale access. Changes nothing else. */
    async recordDemand(by: PersonId, demand: RecordedDemand) {
      const row = await refusals.record({ ...demand, by, source: 'recorded', disclosure: null });
      const [view] = await refusals.views([row]);
      if (!view) throw new Error('a refusal has no view');
      return view;
    },
    async document(id: DisclosureId) {
      const { document } = readText(newestOf((await find(id)).versions)).instrument;
      return { ...document, content: await documents.read(document.sha256) };
    },
  };
}

function requireOpen({ state }: Pick<DisclosureRow, 'state'>): void {
  if (state === 'produced') throw new CordonError('disclosure_closed', 'The request was already produced.');
  if (state === 'refused') throw new CordonError('disclosure_closed', 'The request was refused.');
}
