/**
 * Explanation of a device's verdict at a past time, computed from the orders, location, home area and legal seat at that time. The
 * functions are pure.
 */
import type { Explanation, ORDER_STATES } from '../../../shared/api/explanation.ts';
import { exemptionsFor } from '../../../shared/order/exemption.ts';
import { compileRule } from '../../../shared/order/rules.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { evaluate, inForce } from '../../../shared/verdict/evaluate.ts';
import { firstArrival, locationAt, sourcesAt } from '../../../shared/verdict/locate.ts';
import { type DeviceFacts, type OrderRule, type Reason, SERVICES } from '../../../shared/verdict/terms.ts';
import { openTitle } from '../adoption/order-visibility.ts';
import { activeAt, endOf } from '../impact/device-impact.ts';
import type { ExemptionRow, PastLocation, ReceiptRow } from '../ports.ts';

const SHOWN = 50;
/**
 * Reasons of a suspension that depend on where the device is: its location and its mobile network. The home area and legal seat do not
 * change when the device moves.
 */
const PASSING = ['present', 'network'] as const;

export interface PastRevision extends AcceptedRevision {
  readonly adoptedAt: Instant;
}

export function explain(input: {
  readonly device: DeviceId;
  readonly past: PastLocation;
  readonly accepted: readonly PastRevision[];
  readonly exemptions: readonly (ExemptionRow & { readonly order: string })[];
  readonly receipts: readonly Pick<ReceiptRow, 'receipt'>[];
  /** Current time. It decides whether an order is still withheld from the reader. */
  readonly now: Instant;
}): Explanation {
  const { device, past, accepted, receipts, now } = input;
  const { at, generation, status, group, home, homeBy, seat, location: state } = past;
  const revisions = accepted.map(({ revision }) => revision);
  const exemptions = exemptionsFor(device, { device, exemptions: [...input.exemptions] }, revisions);
  const facts: DeviceFacts = { home, seat, exemptions, location: state, listExpires: null };
  const rules = accepted.map((one) => ({ one, rule: compileRule(one) }));
  const verdict = evaluate(
    rules.map(({ rule }) => rule),
    facts,
    at,
  );
  const { certainty, areas, source, disagree, network } = locationAt(state, at);
  const observationsOf = (of: string) => past.evidence.filter(({ observation }) => observation.source === of);
  return {
    device,
    at,
    generation,
    status,
    group,
    home,
    homeBy,
    seat,
    location: { certainty, areas: [...areas], source, disagree: [...disagree], network: network && [...network] },
    sources: sourcesAt(state, at).map(({ sighting, until, fresh }) => ({
      source: sighting.source,
      areas: [...sighting.areas],
      at: sighting.at,
      since: sighting.first,
      until,
      fresh,
      detail: observationsOf(sighting.source)[0]?.detail ?? '',
      // The newest observation of a source may only say that the source no longer gives a location. It then names no IP database, so the
      // database comes from the newest observation that names one.
      database: observationsOf(sighting.source).find(({ database }) => database !== null)?.database ?? null,
    })),
    observations: past.evidence.slice(0, SHOWN).map(({ observation, detail, database, receivedAt }) => ({
      source: observation.source,
      areas: [...observation.areas],
      at: observation.at,
      detail,
      database,
      receivedAt,
    })),
    evidenceFrom: past.evidenceFrom,
    services: Object.fromEntries(
      SERVICES.map((service) => {
        const { allowed, denials, reasons } = verdict.services[service];
        return [service, { allowed, denials: denials.map(copyOf), reasons: [...reasons] }];
      }),
    ) as Explanation['services'],
    orders: rules.flatMap(({ one, rule }) => orderThen(one, rule, facts, at, receipts, openTitle(one.revision, now))),
    nextChange: verdict.nextChange,
  };
}

const copyOf = ({ order, revision, reasons }: { order: string; revision: number; reasons: readonly Reason[] }) => ({
  order,
  revision,
  reasons: [...reasons],
});

/** The order's verdict at the past time, as a list with one element. The list is empty if the order did not concern the device. */
function orderThen(
  { revision, adoptedAt }: PastRevision,
  rule: OrderRule,
  facts: DeviceFacts,
  at: Instant,
  receipts: readonly Pick<ReceiptRow, 'receipt'>[],
  title: string,
): Explanation['orders'] {
  const { order } = revision;
  const { services } = evaluate([activeAt(rule, at)], facts, at);
  // Reading the verdict for one service is enough, because an order gives the same verdict for all its services.
  const [named] = rule.services;
  const verdict = named === undefined ? undefined : services[named];
  const reasons = verdict?.reasons.filter((reason) => reason !== 'no_order') ?? [];
  if (!verdict || reasons.length === 0) return [];
  const passing = PASSING.filter((reason) => reasons.includes(reason));
  const exemptions = facts.exemptions.filter((exemption) => exemption.order === order);
  return [
    {
      order,
      revision: revision.revision,
      title,
      adoptedAt,
      state: stateAt(rule, at),
      effective: rule.effective,
      until: rule.until,
      services: SERVICES.filter((service) => rule.services.has(service)),
      denies: inForce(rule, at) && !verdict.allowed,
      reasons,
      arrival: firstArrival(facts.location, rule, passing.length > 0 ? passing : PASSING, at),
      exemptUntil: endOf(exemptions),
      receipts: receipts
        .map(({ receipt }) => receipt)
        .filter((receipt) => receipt.order === order && Date.parse(receipt.at) <= at)
        .map(({ kind, service, notice, revision: about, at: when }) => ({
          kind,
          service,
          revision: about,
          at: when,
          ...(notice !== undefined && { notice }),
        })),
    },
  ];
}

function stateAt(rule: OrderRule, at: Instant): (typeof ORDER_STATES)[number] {
  if (rule.withdrawn) return 'withdrawn';
  if (rule.until !== null && rule.until <= at) return 'ended';
  if (rule.pausedUntil !== null && at < rule.pausedUntil) return 'paused';
  return rule.effective <= at ? 'active' : 'announced';
}
