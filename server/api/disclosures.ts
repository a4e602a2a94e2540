/** Routes of the disclosure desk. No route takes more than one account, and none returns an account to an auditor. */
import {
  disclosureApproval,
  disclosureDetail,
  disclosureForm,
  disclosurePage,
  disclosureParams,
  disclosureQuery,
  narrowing,
  newDisclosure,
  previewPage,
  productionPreview,
  recordedDemand,
  refusalDecision,
  refusalPage,
  refusalQuery,
  refusalView,
} from '../../shared/api/disclosures.ts';
import { documentQuery, uploadedDocument } from '../../shared/api/order-documents.ts';
import { nothing } from '../../shared/api/wire.ts';
import { INSTRUMENT_TYPES } from '../../shared/disclosure/documents.ts';
import { LONGEST_WINDOW_DAYS, RECORD_TYPE_FACTS, RECORD_TYPES } from '../../shared/disclosure/record-types.ts';
import { REFUSAL_REASONS, REFUSAL_WORDS } from '../../shared/disclosure/refusal-reasons.ts';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_DOCUMENT } from '../../shared/order/documents.ts';
import type { Admins } from '../admins/admins.ts';
import type { RightName } from '../admins/rights.ts';
import { isAllowed } from '../admins/roles.ts';
import { APPROVALS, type Disclosures, type Viewer } from '../disclosures/disclosures.ts';
import { BytesReply, type Caller, Reply, type Route, route } from './route.ts';
import { collect } from './upload.ts';

export interface DisclosuresPort {
  readonly disclosures: Pick<
    Disclosures,
    | 'authorities'
    | 'refusals'
    | 'documents'
    | 'requests'
    | 'preview'
    | 'produce'
    | 'sealedFile'
    | 'statements'
    | 'transparency'
  >;
  readonly admins: Pick<Admins, 'approverKeySigned'>;
}

const viewerOf = ({
  caller,
  demand,
}: {
  readonly caller: Caller;
  readonly demand: (right: RightName) => unknown;
}): Viewer => ({
  person: caller.account.person,
  seesAccounts: isAllowed(() => demand('disclosures.document')),
});

export function disclosureRoutes({ disclosures, admins }: DisclosuresPort): Route[] {
  return [
    // Routes with fixed paths come first, because `/disclosures/:id` also matches `/disclosures/refusals`.
    ...refusalRoutes(disclosures),
    ...listRoutes(disclosures),
    ...draftRoutes(disclosures),
    ...decisionRoutes(disclosures, admins),
  ];
}

function listRoutes({ requests }: DisclosuresPort['disclosures']): Route[] {
  return [
    route({
      name: 'disclosures.form',
      method: 'get',
      path: '/disclosures/form',
      summary: 'Show which records exist, how long they are kept, and the limits of a request',
      response: disclosureForm,
      handler: async () => ({
        records: RECORD_TYPES.map((record) => ({ record, ...RECORD_TYPE_FACTS[record] })),
        instrumentTypes: INSTRUMENT_TYPES,
        longestWindowDays: LONGEST_WINDOW_DAYS,
        reasons: REFUSAL_REASONS.map((reason) => ({ reason, ...REFUSAL_WORDS[reason] })),
        approvals: APPROVALS,
      }),
    }),
    route({
      name: 'disclosures.list',
      method: 'get',
      path: '/disclosures',
      summary: 'List requests of authorities, newest first',
      query: disclosureQuery,
      response: disclosurePage,
      async handler(input) {
        const { state = null, cursor = null, limit } = input.query;
        const found = await requests.list(
          state,
          cursor === null ? null : readCursor(cursor),
          limit + 1,
          viewerOf(input),
        );
        const page = found.slice(0, limit);
        const last = page.at(-1);
        const more = found.length > limit && last;
        return { disclosures: page, cursor: more ? `${last.receivedAt} ${last.id}` : null };
      },
    }),
    route({
      name: 'disclosures.show',
      method: 'get',
      path: '/disclosures/:id',
      summary: 'Show a request with its texts and approvals',
      params: disclosureParams,
      response: disclosureDetail,
      handler: (input) => requests.show(input.params.id, viewerOf(input)),
    }),
    route({
      name: 'disclosures.document',
      method: 'get',
      path: '/disclosures/:id/document',
      summary: 'Download the document of the legal instrument',
      params: disclosureParams,
      response: nothing,
      raw: 'download',
      async handler({ params }) {
        const { content, title, mediaType } = await requests.document(params.id);
        return new BytesReply(content, title, mediaType);
      },
    }),
  ];
}

function draftRoutes({ requests, documents }: DisclosuresPort['disclosures']): Route[] {
  return [
    route({
      name: 'disclosures.upload',
      method: 'post',
      path: '/disclosures/documents',
      summary: 'Store the encrypted document of a legal instrument',
      query: documentQuery,
      response: uploadedDocument,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const content = await collect(upload, LARGEST_DOCUMENT, 'A document');
        return new Reply(await documents.keep(caller.account.person, query.mediaType, content), { status: 201 });
      },
    }),
    route({
      name: 'disclosures.draft',
      method: 'post',
      path: '/disclosures',
      summary: 'Draft a request about one account. A wider demand is refused and recorded',
      body: newDisclosure,
      response: disclosureDetail,
      statuses: [201],
      invalidBody: ({ body, caller }) => requests.refuseBody(caller.account.person, body),
      async handler(input) {
        const viewer = viewerOf(input);
        const id = await requests.draft(viewer.person, input.body);
        return new Reply(await requests.show(id, viewer), { status: 201 });
      },
    }),
    route({
      name: 'disclosures.narrow',
      method: 'post',
      path: '/disclosures/:id/narrow',
      summary: 'Replace the text of a request with a narrower one. This voids its approvals',
      params: disclosureParams,
      body: narrowing,
      response: disclosureDetail,
      async handler(input) {
        const viewer = viewerOf(input);
        await requests.narrow(viewer.person, input.params.id, input.body);
        return requests.show(input.params.id, viewer);
      },
    }),
  ];
}

function decisionRoutes(
  { requests, preview, produce, sealedFile }: DisclosuresPort['disclosures'],
  admins: DisclosuresPort['admins'],
): Route[] {
  return [
    route({
      name: 'disclosures.preview',
      method: 'post',
      path: '/disclosures/:id/preview',
      summary: 'Show the lines that the request would produce to a possible approver. The ledger records this',
      params: disclosureParams,
      body: previewPage,
      response: productionPreview,
      handler: ({ params, body, caller }) => preview(caller.account.person, params.id, body),
    }),
    route({
      name: 'disclosures.approve',
      method: 'post',
      path: '/disclosures/:id/approvals',
      summary: 'Sign the exact text of a request',
      params: disclosureParams,
      body: disclosureApproval,
      response: disclosureDetail,
      async handler(input) {
        const viewer = viewerOf(input);
        await requests.approve(viewer.person, input.params.id, input.body);
        await admins.approverKeySigned(input.body.keyid);
        return requests.show(input.params.id, viewer);
      },
    }),
    route({
      name: 'disclosures.produce',
      method: 'post',
      path: '/disclosures/:id/produce',
      summary: 'Seal the records of an approved request to its authority, once',
      params: disclosureParams,
      response: disclosureDetail,
      handler: (input) => produce(viewerOf(input), input.params.id),
    }),
    route({
      name: 'disclosures.download',
      method: 'get',
      path: '/disclosures/:id/production',
      summary: 'Download the sealed file, which only the authority can decrypt',
      params: disclosureParams,
      response: nothing,
      raw: 'download',
      async handler({ params }) {
        return new BytesReply(await sealedFile(params.id), `${params.id}.age`, 'application/octet-stream');
      },
    }),
    route({
      name: 'disclosures.refuse',
      method: 'post',
      path: '/disclosures/:id/refuse',
      summary: 'Refuse a request',
      params: disclosureParams,
      body: refusalDecision,
      response: disclosureDetail,
      async handler(input) {
        const viewer = viewerOf(input);
        await requests.refuse(viewer.person, input.params.id, input.body.reason, input.body.note);
        return requests.show(input.params.id, viewer);
      },
    }),
  ];
}

function refusalRoutes({ requests, refusals }: DisclosuresPort['disclosures']): Route[] {
  return [
    route({
      name: 'disclosures.refusals',
      method: 'get',
      path: '/disclosures/refusals',
      summary: 'List refused demands with their reasons, newest first',
      query: refusalQuery,
      response: refusalPage,
      async handler(input) {
        const { cursor = null, limit } = input.query;
        const found = await refusals.page(cursor === null ? null : readCursor(cursor), limit + 1);
        const { seesAccounts } = viewerOf(input);
        const page = found.slice(0, limit).map((each) => (seesAccounts ? each : { ...each, note: null }));
        const last = page.at(-1);
        return { refusals: page, cursor: found.length > limit && last ? `${last.at} ${last.id}` : null };
      },
    }),
    route({
      name: 'disclosures.record-refusal',
      method: 'post',
      path: '/disclosures/refusals',
      summary: 'Record a demand that no request can express, such as a demand for all accounts or for keys',
      body: recordedDemand,
      response: refusalView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await requests.recordDemand(caller.account.person, body), { status: 201 }),
    }),
  ];
}

function readCursor(text: string): { at: number; id: string } {
  const [, at, id] = /^(\d{1,16}) ([a-z]{3}_[a-z2-7]{16})$/.exec(text) ?? [];
  if (at !== undefined && id !== undefined) return { at: Number(at), id };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.');
}
