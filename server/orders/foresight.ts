/** What an order would do, before it does it: a draft checked as it is written, who is affected, and what to be warned of. Nothing is stored. */
import type { ImpactChange, ImpactClass } from '../../shared/api/orders.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Revision } from '../../shared/order/documents.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Reason, Service } from '../../shared/verdict/terms.ts';
import type { Annexes, NamesRequest, SealedNames } from './annex.ts';
import { Objections } from './objections.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { ExemptionRow, OrderStore, RevisionRow } from './ports.ts';
import type { createProposals, OrderDraft } from './proposals.ts';
import {
  type Alike,
  changesOf,
  countsOf,
  NOTHING_WAITS,
  nameKey,
  type PlaceCount,
  placesOf,
  type Rehearsal,
  type Rehearsed,
  type Rehearsing,
  sizeOf,
  type Waits,
  waitingOf,
} from './rehearsal.ts';
import { readPayload } from './views.ts';
import { holdWarnings, type Warning, warningsOf } from './warnings.ts';

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

/** Which of the devices: those of a class, of a change, that are or may be in an area or a part of it. */
export interface ImpactFilter {
  readonly at: 'now' | 'effective';
  /** Another revision of the order, to tell what this one changes. */
  readonly against?: number | undefined;
  readonly class?: ImpactClass | undefined;
  readonly change?: ImpactChange | undefined;
  readonly area?: string | undefined;
}

export interface ImpactQuery extends ImpactFilter {
  readonly offset: number;
  readonly limit: number;
}

interface Counted extends Pick<Rehearsed, 'at' | 'fleet'> {
  readonly counts: Readonly<Record<ImpactClass, number>>;
}

interface Found extends Counted {
  readonly revision: number;
  readonly against: number | null;
  /** Null when it is held against none. */
  readonly changes: Readonly<Record<ImpactChange, number>> | null;
  /** For all that are denied. */
  readonly waiting: ReturnType<typeof waitingOf>;
  readonly places: readonly PlaceCount[];
  /** How many the filter lets through. */
  readonly total: number;
}

export interface ImpactPage extends Found {
  readonly devices: readonly AffectedDevice[];
}

export interface ImpactListing extends Found {
  /** All that the filter lets through. */
  readonly devices: Iterable<AffectedDevice>;
}

export interface AffectedDevice extends Omit<Alike, 'devices'> {
  readonly device: DeviceId;
  readonly waits: Waits;
}

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

/** What a request about an order is about. */
export interface Asked {
  /** Left out: the one that waits, or else the adopted one. */
  readonly revision?: number | undefined;
  /** One that it is held against. */
  readonly against?: number | undefined;
  /** Whether it tells of whom the order has ever reached: receipts, packs and papers do, whatever its areas are now. */
  readonly life?: boolean;
}

export interface Considered {
  readonly revision: number;
  /** Whoever asks must reach all of them. */
  readonly places: readonly AreaCode[];
}

export interface Foresight {
  /** `within` throws for an area whose orders are not the caller's to propose. */
  preview(draft: OrderDraft, within: (places: readonly AreaCode[]) => void): Promise<Preview>;
  /** Throws `not_found`. */
  considered(order: string, asked?: Asked): Promise<Considered>;
  impact(order: string, revision: number, query: ImpactQuery): Promise<ImpactPage>;
  impactListing(order: string, revision: number, filter: ImpactFilter): Promise<ImpactListing>;
  /** The names of all that the filter lets through. Throws `invalid_input` for what is no recipient. */
  impactNames(
    order: string,
    revision: number,
    filter: ImpactFilter,
    request: Pick<NamesRequest, 'recipient' | 'by'>,
  ): Promise<SealedNames>;
  warnings(order: string, revision: number): Promise<Warning[]>;
  /** Whom the order would deny now, were it in force: a rehearsal on the facts of this moment. */
  affected(order: string, revision?: number): Promise<Affected[]>;
}

export function createForesight(ports: {
  readonly store: Pick<OrderStore, 'order' | 'revisions' | 'exemptions'>;
  readonly state: OrderState;
  readonly proposals: Pick<ReturnType<typeof createProposals>, 'prepare' | 'documentOf'>;
  readonly rehearsal: Rehearsal;
  readonly clock: Pick<Clock, 'now'>;
  readonly people: PeoplePort;
  readonly annexes: Annexes;
  /** Throws `unknown_area`. */
  placesNamed(areas: readonly string[]): Promise<readonly AreaCode[]>;
  /** Percent. */
  readonly largeShare: number;
}): Foresight {
  const { store, state, proposals, rehearsal, clock, people, annexes, placesNamed, largeShare } = ports;

  async function namesOfApprovers(): Promise<ReadonlySet<string>> {
    const persons = new Set(state.root()?.persons.values());
    return new Set((await people.spellingsOf(persons)).map(nameKey));
  }

  async function rehearsing(
    revision: Revision,
    exemptions: readonly ExemptionRow[],
    at: Rehearsing['at'],
    known: Pick<Rehearsing, 'listed' | 'number' | 'against'>,
  ): Promise<Rehearsing> {
    return { ...(await judgedBy(revision, exemptions)), ...known, at, whom: 'all', names: await namesOfApprovers() };
  }

  const held = (document: Revision) => holdWarnings(document, state.accepted().get(document.order), clock.now());

  const judgedBy = async (revision: Revision, exemptions: readonly ExemptionRow[]) => ({
    rule: compileRule({ revision, lasting: false }),
    exemptions,
  });

  async function rowsOf(number: string): Promise<RevisionRow[]> {
    await orderOf(store, number);
    return store.revisions(number);
  }

  function pick(number: string, rows: readonly RevisionRow[], revision?: number): RevisionRow {
    const row =
      revision === undefined
        ? (rows.findLast((each) => each.state === 'waiting') ?? rows.findLast((each) => each.state === 'adopted'))
        : rows.find((each) => each.revision === revision);
    if (row) return row;
    throw new CordonError('not_found', `Order ${number} has no revision ${revision ?? 'that waits or is adopted'}.`);
  }

  async function rehearsingOf(
    number: string,
    revision: number | undefined,
    { at, against }: Pick<ImpactFilter, 'at' | 'against'>,
  ) {
    const rows = await rowsOf(number);
    const judged = async (row: RevisionRow) =>
      judgedBy(readPayload(row.payload), await store.exemptions(number, row.revision));
    const row = pick(number, rows, revision);
    const { payload, listedIn: listed } = row;
    const heardOf = rows.some((each) => each.adoptedAt !== null);
    const document = readPayload(payload);
    const asked = await rehearsing(document, await store.exemptions(number, row.revision), at, {
      listed,
      number: heardOf ? number : null,
      against: against === undefined ? null : await judged(pick(number, rows, against)),
    });
    return { document, asked };
  }

  async function preview(draft: OrderDraft, within: (places: readonly AreaCode[]) => void): Promise<Preview> {
    const objections = new Objections();
    objections.try('act', () => state.rootInForce());
    const { base, prepared, effective, until } = await proposals.prepare(draft, objections);
    if (base) objections.try('order', () => within(placesReached(base.terms)));
    for (const [index, area] of (draft.areas ?? []).entries()) {
      if (objections.about(`areas.${index}`)) continue;
      await objections.wait(`areas.${index}`, async () => within(await placesNamed([area])));
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
    const asked = await rehearsing(document, prepared.exemptions, 'effective', {
      listed: null,
      number: prepared.order?.number ?? null,
      against: null,
    });
    const rehearsed = await rehearsal.rehearse(asked);
    const warnings = [...held(document), ...warningsOf(document, asked.rule, rehearsed, largeShare)];
    return { problems, effective, until, warnings, impact: counted(rehearsed) };
  }

  async function found(number: string, revision: number, filter: ImpactFilter) {
    const { asked } = await rehearsingOf(number, revision, filter);
    const rehearsed = await rehearsal.rehearse(asked);
    const { sets, waits } = rehearsed;
    const some = sets.filter((set) => letsThrough(filter, set));
    const about: Found = {
      ...counted(rehearsed),
      revision,
      against: filter.against ?? null,
      changes: filter.against === undefined ? null : changesOf(sets),
      waiting: waitingOf(waits),
      places: placesOf(sets),
      total: sizeOf(some),
    };
    return { about, some, waits };
  }

  return {
    preview,
    considered: async (number, { revision, against, life = false } = {}) => {
      const rows = await rowsOf(number);
      const spoken = pick(number, rows, revision);
      const other = against === undefined ? [] : [pick(number, rows, against)];
      const before = life ? rows.filter(({ adoptedAt }) => adoptedAt !== null) : [];
      const places = [spoken, ...other, ...before].flatMap(({ payload }) => placesReached(readPayload(payload).terms));
      return { revision: spoken.revision, places: [...new Set(places)] };
    },
    impact: async (number, revision, query) => {
      const { about, some, waits } = await found(number, revision, query);
      return { ...about, devices: [...listed(some, waits, query.offset, query.limit)] };
    },
    impactListing: async (number, revision, filter) => {
      const { about, some, waits } = await found(number, revision, filter);
      return { ...about, devices: listed(some, waits, 0, about.total) };
    },
    impactNames: async (order, revision, filter, request) => {
      const { some } = await found(order, revision, filter);
      const handles = new Map(some.flatMap(({ devices }) => devices.map((device) => [device, device] as const)));
      return annexes.seal({ ...request, order, revision, of: 'rehearsal' }, handles);
    },
    warnings: async (number, revision) => {
      const { document, asked } = await rehearsingOf(number, revision, { at: 'effective' });
      return [...held(document), ...warningsOf(document, asked.rule, await rehearsal.rehearse(asked), largeShare)];
    },
    affected: async (number, revision) => {
      const { asked } = await rehearsingOf(number, revision, { at: 'now' });
      const { sets } = await rehearsal.rehearseAnew({ ...asked, whom: 'denied' });
      return sets.flatMap(({ devices, denied, reasons }) => devices.map((device) => ({ device, denied, reasons })));
    },
  };
}

function counted({ at, fleet, sets }: Rehearsed): Counted {
  return { at, fleet, counts: countsOf(sets) };
}

function letsThrough({ class: wanted, change, area }: ImpactFilter, set: Alike): boolean {
  if (wanted !== undefined && !set.classes.includes(wanted)) return false;
  if (change !== undefined && set.change?.kind !== change) return false;
  return area === undefined || set.areas.some((each) => each === area || each.startsWith(`${area}-`));
}

function* listed(
  sets: readonly Alike[],
  waits: ReadonlyMap<DeviceId, Waits>,
  offset: number,
  limit: number,
): Generator<AffectedDevice> {
  let skip = offset;
  let left = limit;
  for (const { devices, ...alike } of sets) {
    for (const device of devices.slice(skip, skip + left)) {
      yield { device, ...alike, waits: waits.get(device) ?? NOTHING_WAITS };
      left -= 1;
    }
    skip = Math.max(0, skip - devices.length);
    if (left === 0) return;
  }
}
