import type { Revision } from '../../../shared/order/documents.ts';
import { compileRule } from '../../../shared/order/rules.ts';
import type { AdoptedApprovers } from '../adoption/adopted-approvers.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { orderOf, revisionRowOf } from '../adoption/stored-orders.ts';
import type { ExemptionRow, OrderStore, RevisionRow } from '../ports.ts';
import { nameKey, type RehearsalRequest } from './rehearsal.ts';

export interface PeoplePort {
  /**
   * Names and e-mail addresses of the given people's accounts. A warning compares them with the user names of devices, to find approvers'
   * devices. Namesakes and different spellings make the comparison unreliable, so it must never decide anything.
   */
  spellingsOf(people: ReadonlySet<string>): Promise<readonly string[]>;
}

export interface RehearsalRequests {
  /** Request for an impact preview of a draft. `number`: number of the order that the draft changes; null for a new order. */
  ofDraft(draft: Revision, exemptions: readonly ExemptionRow[], number: string | null): Promise<RehearsalRequest>;
  /**
   * Returns the request for an impact preview of an order's revision. The preview compares the revision with the revision `baseline` of the
   * same order, if given. Throws `not_found` for an unknown order or revision.
   */
  ofRevision(
    number: string,
    revision: number | undefined,
    options: { readonly at: RehearsalRequest['at']; readonly baseline?: number | undefined },
  ): Promise<{ readonly document: Revision; readonly request: RehearsalRequest }>;
}

export function createRehearsalRequests(ports: {
  readonly orders: Pick<OrderStore, 'order' | 'revisions' | 'exemptions'>;
  readonly people: PeoplePort;
  readonly approvers: Pick<AdoptedApprovers, 'current'>;
}): RehearsalRequests {
  const { orders, people, approvers } = ports;

  async function namesOfApprovers(): Promise<ReadonlySet<string>> {
    const persons = new Set(approvers.current()?.persons.values());
    return new Set((await people.spellingsOf(persons)).map(nameKey));
  }

  async function stored(row: RevisionRow) {
    const document = readPayload(row.payload);
    const exemptions = await orders.exemptions(row.order, row.revision);
    return { document, judged: { rule: compileRule({ revision: document, permanentPause: false }), exemptions } };
  }

  return {
    ofDraft: async (draft, exemptions, number) => ({
      rule: compileRule({ revision: draft, permanentPause: false }),
      exemptions,
      listed: null,
      number,
      baseline: null,
      at: 'effective',
      selection: 'all',
      names: await namesOfApprovers(),
    }),
    ofRevision: async (number, revision, { at, baseline }) => {
      await orderOf(orders, number);
      const rows = await orders.revisions(number);
      const row = revisionRowOf(number, rows, revision);
      const { document, judged } = await stored(row);
      const compared = baseline === undefined ? null : await stored(revisionRowOf(number, rows, baseline));
      const wasAdopted = rows.some(({ adoptedAt }) => adoptedAt !== null);
      const request: RehearsalRequest = {
        ...judged,
        listed: row.listedIn,
        number: wasAdopted ? number : null,
        baseline: compared?.judged ?? null,
        at,
        selection: 'all',
        names: await namesOfApprovers(),
      };
      return { document, request };
    },
  };
}
