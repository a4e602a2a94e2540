/** What an order would do, before it does it: a draft checked as it is written, who is affected, and what to be warned of. Nothing is stored. */
import type { ImpactClass } from '../../shared/api/orders.ts';
import { type AreaCode, parseArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Revision } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Reason, Service } from '../../shared/verdict/terms.ts';
import { Objections } from './objections.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { ExemptionRow, OrderStore, RevisionRow } from './ports.ts';
import type { createProposals, OrderDraft } from './proposals.ts';
import {
  type Alike,
  countsOf,
  nameKey,
  type Rehearsal,
  type Rehearsed,
  type Rehearsing,
  type StandingStore,
  sizeOf,
} from './rehearsal.ts';
import { readPayload } from './views.ts';
import { type Warning, warningsOf } from './warnings.ts';

export interface PeoplePort {
  /**
   * Names and e-mail addresses of the accounts of these people. A warning finds an approver's own device by them, because a name is all that a
   * device is enrolled for: it misses a device that was enrolled for another spelling, and takes a namesake's for theirs. So it may warn and
   * must never decide anything.
   */
  spellingsOf(people: ReadonlySet<string>): Promise<readonly string[]>;
}

export interface Affected {
  readonly device: DeviceId;
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
}

export interface ImpactQuery {
  readonly at: 'now' | 'effective';
  readonly class?: ImpactClass | undefined;
  readonly offset: number;
  readonly limit: number;
}

interface Counted extends Pick<Rehearsed, 'at' | 'fleet'> {
  readonly counts: Readonly<Record<ImpactClass, number>>;
}

export interface ImpactPage extends Counted {
  readonly revision: number;
  readonly total: number;
  readonly devices: readonly AffectedDevice[];
}

type AffectedDevice = Omit<Alike, 'devices'> & { readonly device: DeviceId };

export interface Preview {
  readonly problems: readonly {
    readonly field: string;
    readonly code: string;
    readonly detail: string;
    readonly suggestions: readonly string[];
  }[];
  readonly effective: Instant | null;
  readonly until: Instant | null;
  readonly warnings: readonly Warning[];
  readonly impact: Counted | null;
}

export interface Foresight {
  /** `within` throws for an area whose orders are not the caller's to propose. */
  preview(draft: OrderDraft, within: (area: AreaCode) => void): Promise<Preview>;
  /** The revision that is spoken of when none is named: the one that waits, or else the adopted one. Throws `not_found`. */
  considered(order: string, revision?: number): Promise<Revision>;
  impact(order: string, revision: number, query: ImpactQuery): Promise<ImpactPage>;
  warnings(order: string, revision: number): Promise<Warning[]>;
  /** Whom the order would deny now, were it in force: a rehearsal on the facts of this moment. */
  affected(order: string, revision?: number): Promise<Affected[]>;
}

export function createForesight(ports: {
  readonly store: Pick<OrderStore, 'order' | 'revisions' | 'exemptions'>;
  readonly standing: Pick<StandingStore, 'firstListWith'>;
  readonly state: OrderState;
  readonly proposals: Pick<ReturnType<typeof createProposals>, 'prepare' | 'documentOf'>;
  readonly rehearsal: Rehearsal;
  readonly people: PeoplePort;
  /** Percent. */
  readonly largeShare: number;
}): Foresight {
  const { store, standing, state, proposals, rehearsal, people, largeShare } = ports;

  async function namesOfApprovers(): Promise<ReadonlySet<string>> {
    const persons = new Set(state.root()?.persons.values());
    return new Set((await people.spellingsOf(persons)).map(nameKey));
  }

  async function rehearsing(
    revision: Revision,
    exemptions: readonly ExemptionRow[],
    listed: number | null,
    at: Rehearsing['at'],
  ): Promise<Rehearsing> {
    const rule = compileRule({ revision, lasting: false });
    return { rule, exemptions, listed, at, whom: 'all', names: await namesOfApprovers() };
  }

  async function rowOf(number: string, revision?: number): Promise<RevisionRow> {
    await orderOf(store, number);
    const rows = await store.revisions(number);
    const row =
      revision === undefined
        ? (rows.findLast((each) => each.state === 'waiting') ?? rows.findLast((each) => each.state === 'adopted'))
        : rows.find((each) => each.revision === revision);
    if (row) return row;
    throw new CordonError('not_found', `Order ${number} has no revision ${revision ?? 'that waits or is adopted'}.`);
  }

  async function rehearsingOf(number: string, revision: number | undefined, at: Rehearsing['at']) {
    const row = await rowOf(number, revision);
    const document = readPayload(row.payload);
    const exemptions = await store.exemptions(number, row.revision);
    const { payload, adoptedAt } = row;
    const listed = adoptedAt === null ? null : await standing.firstListWith({ payload, adoptedAt });
    return { document, asked: await rehearsing(document, exemptions, listed, at) };
  }

  async function preview(draft: OrderDraft, within: (area: AreaCode) => void): Promise<Preview> {
    const objections = new Objections();
    objections.try('act', () => state.rootInForce());
    const { base, prepared, effective, until } = await proposals.prepare(draft, objections);
    if (base) objections.try('order', () => base.terms.areas.map(parseArea).forEach(within));
    for (const [index, area] of (draft.areas ?? []).entries()) {
      if (!objections.about(`areas.${index}`)) objections.try(`areas.${index}`, () => within(parseArea(area)));
    }
    const problems = objections.all.map(({ field, error }) => {
      const { suggestions } = error.context;
      return {
        field,
        code: error.code,
        detail: error.message,
        suggestions: Array.isArray(suggestions) ? suggestions.map(String) : [],
      };
    });
    if (!prepared || problems.length > 0) return { problems, effective, until, warnings: [], impact: null };
    const document = proposals.documentOf(prepared, prepared.order?.number ?? 'draft', 'draft');
    const asked = await rehearsing(document, prepared.exemptions, null, 'effective');
    const rehearsed = await rehearsal.rehearse(asked);
    const warnings = warningsOf(document, asked.rule, rehearsed, largeShare);
    return { problems, effective, until, warnings, impact: counted(rehearsed) };
  }

  return {
    preview,
    considered: async (number, revision) => readPayload((await rowOf(number, revision)).payload),
    impact: async (number, revision, { at: when, class: wanted, offset, limit }) => {
      const { asked } = await rehearsingOf(number, revision, when);
      const rehearsed = await rehearsal.rehearse(asked);
      const { sets } = rehearsed;
      const some = wanted === undefined ? sets : sets.filter(({ classes }) => classes.includes(wanted));
      return { ...counted(rehearsed), revision, total: sizeOf(some), devices: pageOf(some, offset, limit) };
    },
    warnings: async (number, revision) => {
      const { document, asked } = await rehearsingOf(number, revision, 'effective');
      return warningsOf(document, asked.rule, await rehearsal.rehearse(asked), largeShare);
    },
    affected: async (number, revision) => {
      const { asked } = await rehearsingOf(number, revision, 'now');
      const { sets } = await rehearsal.rehearseAnew({ ...asked, whom: 'denied' });
      return sets.flatMap(({ devices, denied, reasons }) => devices.map((device) => ({ device, denied, reasons })));
    },
  };
}

function counted({ at, fleet, sets }: Rehearsed): Counted {
  return { at, fleet, counts: countsOf(sets) };
}

function pageOf(sets: readonly Alike[], offset: number, limit: number): AffectedDevice[] {
  const page: AffectedDevice[] = [];
  let skip = offset;
  for (const { devices, ...alike } of sets) {
    for (const device of devices.slice(skip, skip + limit - page.length)) page.push({ device, ...alike });
    skip = Math.max(0, skip - devices.length);
    if (page.length === limit) break;
  }
  return page;
}
