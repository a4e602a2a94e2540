/**
 * Impact of drafts and revisions before they take effect: impact previews, counts, affected devices and warnings. This module stores
 * nothing.
 */
import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { OrderRule, Reason, Service } from '../../../shared/verdict/terms.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import type { Proposals } from '../drafting/proposals.ts';
import type { NamesRequest, NamesSealer, SealedNames } from '../evidence/sealed-names.ts';
import type { OrderStore } from '../ports.ts';
import { areaWarnings } from './area-warnings.ts';
import { createDraftPreview, type PreviewDraft } from './draft-preview.ts';
import {
  type AreaCount,
  changesOf,
  counted,
  countsByArea,
  type ImpactCounts,
  sizeOf,
  waitingOf,
} from './impact-counts.ts';
import type { OverridingStatement } from './location-statements.ts';
import {
  type ImpactGroup,
  NOTHING_WAITS,
  type Rehearsal,
  type RehearsalRequest,
  type RehearsalResult,
  type Waits,
} from './rehearsal.ts';
import { createRehearsalRequests, type PeoplePort } from './rehearsal-requests.ts';
import { pauseWarnings, statementWarnings, type Warning, warningsOf } from './warnings.ts';

export interface Affected {
  readonly device: DeviceId;
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
}

/**
 * Filter for the devices that an order affects. `class`: kind of impact. `change`: difference from the revision `baseline`, such as newly
 * affected. `area`: area in which the device may be, including its subdivisions.
 */
export interface ImpactFilter {
  readonly at: 'now' | 'effective';
  readonly baseline?: number | undefined;
  readonly class?: ImpactClass | undefined;
  readonly change?: ImpactChange | undefined;
  readonly area?: string | undefined;
}

export interface ImpactQuery extends ImpactFilter {
  readonly offset: number;
  readonly limit: number;
}

interface Found extends ImpactCounts {
  readonly revision: number;
  readonly baseline: number | null;
  /** Number of devices with each difference between the two revisions; null if no revisions are compared. */
  readonly changes: Readonly<Record<ImpactChange, number>> | null;
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

export interface AffectedDevice extends Omit<ImpactGroup, 'devices'> {
  readonly device: DeviceId;
  readonly waits: Waits;
}

export interface Impact {
  readonly preview: PreviewDraft;
  page(order: string, revision: number, query: ImpactQuery): Promise<ImpactPage>;
  listing(order: string, revision: number, filter: ImpactFilter): Promise<ImpactListing>;
  /**
   * Returns a file with the names of the users of all devices that match a filter. The file is encrypted for one recipient. Throws
   * `invalid_input` for an invalid recipient.
   */
  names(
    order: string,
    revision: number,
    filter: ImpactFilter,
    request: Pick<NamesRequest, 'recipient' | 'by'>,
  ): Promise<SealedNames>;
  warnings(order: string, revision: number): Promise<Warning[]>;
  affected(order: string, revision?: number): Promise<Affected[]>;
  /**
   * Devices for which a given order would suspend a service if the order were active now. For a device whose location evidence has expired,
   * the last known location counts.
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
  locationsNamed(areas: readonly string[]): Promise<readonly HomeArea[]>;
  readonly largeShare: number;
  readonly overriding: (rule: OrderRule) => Promise<readonly OverridingStatement[]>;
}): Impact {
  const { orders, state, rehearsal, clock, names } = ports;
  const requests = createRehearsalRequests({ orders, people: ports.people, approvers: state.approvers });

  const warningsOn = async (document: Revision, rule: OrderRule, result: RehearsalResult): Promise<Warning[]> => [
    ...pauseWarnings(document, state.accepted().get(document.order), clock.now()),
    ...(document.action === 'propose' || document.action === 'revise' ? areaWarnings(document.terms) : []),
    ...warningsOf(document, rule, result, ports.largeShare),
    ...(document.status === 'withdrawn' ? [] : statementWarnings(await ports.overriding(rule))),
  ];

  async function find(number: string, revision: number, filter: ImpactFilter) {
    const { request } = await requests.ofRevision(number, revision, filter);
    const result = await rehearsal.rehearse(request);
    const { sets, waits } = result;
    const some = sets.filter((set) => matches(filter, set));
    const summary: Found = {
      ...counted(result),
      revision,
      baseline: filter.baseline ?? null,
      changes: filter.baseline === undefined ? null : changesOf(sets),
      waiting: waitingOf(waits),
      areas: countsByArea(sets),
      total: sizeOf(some),
    };
    return { summary, some, waits };
  }

  async function affected(number: string, revision: number | undefined, where: Pick<RehearsalRequest, 'lastSeen'>) {
    const { request } = await requests.ofRevision(number, revision, { at: 'now' });
    const { sets } = await rehearsal.rehearseAnew({ ...request, ...where, selection: 'denied' });
    return sets.flatMap(({ devices, denied, reasons }) => devices.map((device) => ({ device, denied, reasons })));
  }

  return {
    preview: createDraftPreview({ ...ports, approvers: state.approvers, requests, warningsOn }),
    page: async (number, revision, query) => {
      const { summary, some, waits } = await find(number, revision, query);
      return { ...summary, devices: [...listed(some, waits, query.offset, query.limit)] };
    },
    listing: async (number, revision, filter) => {
      const { summary, some, waits } = await find(number, revision, filter);
      return { ...summary, devices: listed(some, waits, 0, summary.total) };
    },
    names: async (order, revision, filter, namesRequest) => {
      const { some } = await find(order, revision, filter);
      const handles = new Map(some.flatMap(({ devices }) => devices.map((device) => [device, device] as const)));
      return names.seal({ ...namesRequest, order, revision, of: 'rehearsal' }, handles);
    },
    warnings: async (number, revision) => {
      const { document, request } = await requests.ofRevision(number, revision, { at: 'effective' });
      return warningsOn(document, request.rule, await rehearsal.rehearse(request));
    },
    affected: (number, revision) => affected(number, revision, {}),
    affectedWhereLastSeen: (number, revision) => affected(number, revision, { lastSeen: true }),
  };
}

function matches({ class: selected, change, area }: ImpactFilter, set: ImpactGroup): boolean {
  if (selected !== undefined && !set.classes.includes(selected)) return false;
  if (change !== undefined && set.change?.kind !== change) return false;
  return area === undefined || set.areas.some((each) => each === area || each.startsWith(`${area}-`));
}

function* listed(
  sets: readonly ImpactGroup[],
  waits: ReadonlyMap<DeviceId, Waits>,
  offset: number,
  limit: number,
): Generator<AffectedDevice> {
  let skip = offset;
  let remaining = limit;
  for (const { devices, ...alike } of sets) {
    for (const device of devices.slice(skip, skip + remaining)) {
      yield { device, ...alike, waits: waits.get(device) ?? NOTHING_WAITS };
      remaining -= 1;
    }
    skip = Math.max(0, skip - devices.length);
    if (remaining === 0) return;
  }
}
