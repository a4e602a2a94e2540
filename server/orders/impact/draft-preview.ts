/** Preview of an admin's draft: the problems of its fields, or its impact if there are none. */
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { AdoptedApprovers } from '../adoption/adopted-approvers.ts';
import { Objections } from '../drafting/objections.ts';
import type { OrderDraft } from '../drafting/preparation.ts';
import type { Proposals } from '../drafting/proposals.ts';
import { counted, type ImpactCounts } from './impact-counts.ts';
import type { Rehearsal, RehearsalResult } from './rehearsal.ts';
import type { RehearsalRequests } from './rehearsal-requests.ts';
import type { Warning } from './warnings.ts';

interface Problem {
  readonly field: string;
  readonly code: string;
  readonly detail: string;
  readonly suggestions: readonly string[];
}

export interface Preview {
  readonly problems: readonly Problem[];
  readonly effective: Instant | null;
  readonly until: Instant | null;
  readonly warnings: readonly Warning[];
  readonly impact: ImpactCounts | null;
}

/** Checks the draft's areas. Throws if the caller may not propose orders for one of them. */
export type PreviewDraft = (draft: OrderDraft, within: (areas: readonly HomeArea[]) => void) => Promise<Preview>;

export function createDraftPreview(ports: {
  readonly approvers: Pick<AdoptedApprovers, 'require'>;
  readonly proposals: Pick<Proposals, 'prepare' | 'documentOf'>;
  readonly requests: Pick<RehearsalRequests, 'ofDraft'>;
  readonly rehearsal: Pick<Rehearsal, 'rehearse'>;
  locationsNamed(areas: readonly string[]): Promise<readonly HomeArea[]>;
  warningsOn(document: Revision, rule: OrderRule, result: RehearsalResult): Promise<Warning[]>;
}): PreviewDraft {
  const { approvers, proposals, requests, rehearsal, locationsNamed, warningsOn } = ports;
  return async (draft, within) => {
    const objections = new Objections();
    objections.try('action', () => approvers.require());
    const { base, prepared, effective, until } = await proposals.prepare(draft, objections);
    if (base) objections.try('order', () => within(locationsOfOrder(base.terms)));
    for (const [index, area] of (draft.areas ?? []).entries()) {
      if (objections.about(`areas.${index}`)) continue;
      await objections.wait(`areas.${index}`, async () => within(await locationsNamed([area])));
    }
    const problems = problemsOf(objections);
    if (!prepared || problems.length > 0) return { problems, effective, until, warnings: [], impact: null };
    const document = proposals.documentOf(prepared, prepared.order?.number ?? 'draft', 'draft');
    const request = await requests.ofDraft(document, prepared.exemptions, prepared.order?.number ?? null);
    const result = await rehearsal.rehearse(request);
    const warnings = await warningsOn(document, request.rule, result);
    return { problems, effective, until, warnings, impact: counted(result) };
  };
}

function problemsOf(objections: Objections): Problem[] {
  return objections.all.map(({ field, error }) => {
    const { suggestions } = error.context;
    return {
      field,
      code: error.code,
      detail: error.message,
      suggestions: Array.isArray(suggestions) ? suggestions.map(String) : [],
    };
  });
}
