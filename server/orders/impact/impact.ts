/** Impact of drafts and revisions before they take effect: checks, counts, affected devices and warnings. The module stores nothing. */
import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import { compileRule } from '../../../shared/order/rules.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule, Reason, Service } from '../../../shared/verdict/terms.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { orderOf, revisionRowOf } from '../adoption/stored-orders.ts';
import { Objections } from '../drafting/objections.ts';
import type { OrderDraft } from '../drafting/preparation.ts';
import type { Proposals } from '../drafting/proposals.ts';
import type { NamesRequest, NamesSealer, SealedNames } from '../evidence/sealed-names.ts';
import type { ExemptionRow, OrderStore, RevisionRow } from '../ports.ts';
import { areaWarnings } from './area-warnings.ts';
import type { OverridingStatement } from './location-statements.ts';
import {
  type Alike,
  type AreaCount,
  changesOf,
  countsByArea,
  countsOf,
  NOTHING_WAITS,
  nameKey,
  type Rehearsal,
  type Rehearsed,
  type Rehearsing,
  sizeOf,
  type Waits,
  waitingOf,
} from './rehearsal.ts';
import { holdWarnings, statementWarnings, type Warning, warningsOf } from './warnings.ts';

export interface PeoplePort {
  /**
   * Names and e-mail addresses of the accounts of these people. A warning compares them with the user names of devices, to find an
   * approver's own device. Other spellings and namesakes make the comparison unreliable, so it must never decide anything.
   */
  spellingsOf(people: ReadonlySet<string>): Promise<readonly string[]>;
}

export interface Affected {
  readonly device: DeviceId;
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
}

/** Filter of devices by class, change and area. `area` also selects devices that may be in a part of the area. */
export interface ImpactFilter {
  readonly at: 'now' | 'effective';
  /** Earlier revision of the order, with which the requested revision is compared. */
  readonly baseline?: number | undefined;
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
  readonly baseline: number | null;
  /** Counts of the differences between the two revisions; null without a comparison. */
  readonly changes: Readonly<Record<ImpactChange, number>> | null;
  /** Totals of the pending messages and commands of all devices to which the order denies a service. */
  readonly waiting: ReturnType<typeof waitingOf>;
  readonly areas: readonly AreaCount[];
  readonly total: number;
}

export interface ImpactPage extends Found {
  readonly devices: readonly AffectedDevice[];
}

export interface ImpactListing extends Found {
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

export interface Impact {
  /** Previews a draft. `within` throws if the caller may not propose orders for one of the given areas. */
  preview(draft: OrderDraft, within: (places: readonly HomeArea[]) => void): Promise<Preview>;
  page(order: string, revision: number, query: ImpactQuery): Promise<ImpactPage>;
  listing(order: string, revision: number, filter: ImpactFilter): Promise<ImpactListing>;
  /**
   * Names of the users of all devices that match the filter, encrypted for one recipient. Throws `invalid_input` for an invalid recipient.
   */
  names(
    order: string,
    revision: number,
    filter: ImpactFilter,
    request: Pick<NamesRequest, 'recipient' | 'by'>,
  ): Promise<SealedNames>;
  warnings(order: string, revision: number): Promise<Warning[]>;
  /** Devices to which the order would deny a service if it were active now. */
  affected(order: string, revision?: number): Promise<Affected[]>;
  /**
   * Devices to which the order would deny a service if it were active now. If the location of an offline device has expired, its last known
   * location counts.
   */
  affectedWhereLastSeen(order: string, revision: number): Promise<Affected[]>;
}

export function createImpact(ports: {
  readonly orders: Pick<OrderStore, 'order' | 'revisions' | 'exemptions'>;
  readonly state: AdoptedOrders;
  readonly proposals: Pick<Proposals, 'prepare' | 'documentOf'>;
  readonly rehearsal: Rehearsal;
  readonly clock: Pick<Clock, 'now'>;
  readonly people: PeoplePort;
  readonly names: NamesSealer;
  /** All areas that an order about the given areas can cover. Throws `unknown_area`. */
  locationsNamed(areas: readonly string[]): Promise<readonly HomeArea[]>;
  /** Percentage of the fleet. An order that affects more devices gets a warning. */
  readonly largeShare: number;
  readonly overriding: (rule: OrderRule) => Promise<readonly OverridingStatement[]>;
}): Impact {
  const { orders, state, proposals, rehearsal, clock, people, names, locationsNamed, largeShare, overriding } = ports;

  async function namesOfApprovers(): Promise<ReadonlySet<string>> {
    const persons = new Set(state.approvers.current()?.persons.values());
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

  const allWarnings = async (document: Revision, rule: OrderRule, rehearsed: Rehearsed): Promise<Warning[]> => [
    ...holdWarnings(document, state.accepted().get(document.order), clock.now()),
    ...(document.act === 'propose' || document.act === 'revise' ? areaWarnings(document.terms) : []),
    ...warningsOf(document, rule, rehearsed, largeShare),
    ...(document.status === 'withdrawn' ? [] : statementWarnings(await overriding(rule))),
  ];

  const judgedBy = async (revision: Revision, exemptions: readonly ExemptionRow[]) => ({
    rule: compileRule({ revision, lasting: false }),
    exemptions,
  });

  async function rowsOf(number: string): Promise<RevisionRow[]> {
    await orderOf(orders, number);
    return orders.revisions(number);
  }

  async function rehearsingOf(
    number: string,
    revision: number | undefined,
    { at, baseline }: Pick<ImpactFilter, 'at' | 'baseline'>,
  ) {
    const rows = await rowsOf(number);
    const judged = async (row: RevisionRow) =>
      judgedBy(readPayload(row.payload), await orders.exemptions(number, row.revision));
    const row = revisionRowOf(number, rows, revision);
    const { payload, listedIn: listed } = row;
    const heardOf = rows.some((each) => each.adoptedAt !== null);
    const document = readPayload(payload);
    const asked = await rehearsing(document, await orders.exemptions(number, row.revision), at, {
      listed,
      number: heardOf ? number : null,
      against: baseline === undefined ? null : await judged(revisionRowOf(number, rows, baseline)),
    });
    return { document, asked };
  }

  async function preview(draft: OrderDraft, within: (places: readonly HomeArea[]) => void): Promise<Preview> {
    const objections = new Objections();
    objections.try('action', () => state.approvers.require());
    const { base, prepared, effective, until } = await proposals.prepare(draft, objections);
    if (base) objections.try('order', () => within(locationsOfOrder(base.terms)));
    for (const [index, area] of (draft.areas ?? []).entries()) {
      if (objections.about(`areas.${index}`)) continue;
      await objections.wait(`areas.${index}`, async () => within(await locationsNamed([area])));
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
    const warnings = await allWarnings(document, asked.rule, rehearsed);
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
      baseline: filter.baseline ?? null,
      changes: filter.baseline === undefined ? null : changesOf(sets),
      waiting: waitingOf(waits),
      areas: countsByArea(sets),
      total: sizeOf(some),
    };
    return { about, some, waits };
  }

  async function affected(number: string, revision: number | undefined, where: Pick<Rehearsing, 'lastSeen'>) {
    const { asked } = await rehearsingOf(number, revision, { at: 'now' });
    const { sets } = await rehearsal.rehearseAnew({ ...asked, ...where, whom: 'denied' });
    return sets.flatMap(({ devices, denied, reasons }) => devices.map((device) => ({ device, denied, reasons })));
  }

  return {
    preview,
    page: async (number, revision, query) => {
      const { about, some, waits } = await found(number, revision, query);
      return { ...about, devices: [...listed(some, waits, query.offset, query.limit)] };
    },
    listing: async (number, revision, filter) => {
      const { about, some, waits } = await found(number, revision, filter);
      return { ...about, devices: listed(some, waits, 0, about.total) };
    },
    names: async (order, revision, filter, request) => {
      const { some } = await found(order, revision, filter);
      const handles = new Map(some.flatMap(({ devices }) => devices.map((device) => [device, device] as const)));
      return names.seal({ ...request, order, revision, of: 'rehearsal' }, handles);
    },
    warnings: async (number, revision) => {
      const { document, asked } = await rehearsingOf(number, revision, { at: 'effective' });
      return allWarnings(document, asked.rule, await rehearsal.rehearse(asked));
    },
    affected: (number, revision) => affected(number, revision, {}),
    affectedWhereLastSeen: (number, revision) => affected(number, revision, { lastSeen: true }),
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
