/** What a device might do at a past instant, and why: the orders as they were adopted by then, over the device as it was. Pure. */
import type { Explanation, ORDER_STANDINGS } from '../../shared/api/explanation.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate, inForce } from '../../shared/verdict/evaluate.ts';
import { firstArrival, locationAt, sourcesAt } from '../../shared/verdict/locate.ts';
import { type DeviceFacts, type OrderRule, type Reason, SERVICES } from '../../shared/verdict/terms.ts';
import { endOf, inForceAt } from './impact.ts';
import type { ExemptionRow, PastPlace, ReceiptRow } from './ports.ts';

/** Observations that are shown. */
const SHOWN = 50;
/** Ties that one has by being there, and not by belonging there. */
const PASSING = ['present', 'network'] as const;

/** The newest revision of an order that was adopted by then. */
export interface ThenAccepted extends AcceptedRevision {
  readonly adoptedAt: Instant;
}

export function explain(given: {
  readonly device: DeviceId;
  readonly past: PastPlace;
  readonly accepted: readonly ThenAccepted[];
  readonly exemptions: readonly (ExemptionRow & { readonly order: string })[];
  readonly receipts: readonly Pick<ReceiptRow, 'receipt'>[];
}): Explanation {
  const { device, past, accepted, receipts } = given;
  const { at, generation, status, group, home, homeBy, seat, location: state } = past;
  const revisions = accepted.map(({ revision }) => revision);
  const exemptions = exemptionsFor(device, { device, exemptions: [...given.exemptions] }, revisions);
  const facts: DeviceFacts = { home, seat, exemptions, location: state, listExpires: null };
  const rules = accepted.map((one) => ({ one, rule: compileRule(one) }));
  const verdict = evaluate(
    rules.map(({ rule }) => rule),
    facts,
    at,
  );
  const { certainty, areas, source, disagree, network } = locationAt(state, at);
  const saidBy = (of: string) => past.evidence.filter(({ observation }) => observation.source === of);
  return {
    device,
    ...{ at, generation, status, group, home, homeBy, seat },
    location: { certainty, areas: [...areas], source, disagree: [...disagree], network: network && [...network] },
    sources: sourcesAt(state, at).map(({ sighting, until, fresh }) => ({
      source: sighting.source,
      areas: [...sighting.areas],
      at: sighting.at,
      since: sighting.first,
      until,
      fresh,
      detail: saidBy(sighting.source)[0]?.detail ?? '',
      // Its end is noted too, which located nothing.
      database: saidBy(sighting.source).find(({ database }) => database !== null)?.database ?? null,
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
    orders: rules.flatMap(({ one, rule }) => orderThen(one, rule, facts, at, receipts)),
    nextChange: verdict.nextChange,
  };
}

const copyOf = ({ order, revision, reasons }: { order: string; revision: number; reasons: readonly Reason[] }) => ({
  order,
  revision,
  reasons: [...reasons],
});

/** Nothing for an order that has nothing to do with the device, in force or not. */
function orderThen(
  { revision, adoptedAt }: ThenAccepted,
  rule: OrderRule,
  facts: DeviceFacts,
  at: Instant,
  receipts: readonly Pick<ReceiptRow, 'receipt'>[],
): Explanation['orders'] {
  const { order, terms } = revision;
  const { services } = evaluate([inForceAt(rule, at)], facts, at);
  // One order says the same of all that it names.
  const [named] = rule.services;
  const verdict = named === undefined ? undefined : services[named];
  const reasons = verdict?.reasons.filter((reason) => reason !== 'no_order') ?? [];
  if (!verdict || reasons.length === 0) return [];
  const passing = PASSING.filter((tie) => reasons.includes(tie));
  const mine = facts.exemptions.filter((exemption) => exemption.order === order);
  return [
    {
      ...{ order, revision: revision.revision, title: terms.title, adoptedAt },
      standing: standingAt(rule, at),
      effective: rule.effective,
      until: rule.until,
      services: SERVICES.filter((service) => rule.services.has(service)),
      denies: inForce(rule, at) && !verdict.allowed,
      reasons,
      arrival: firstArrival(facts.location, rule, passing.length > 0 ? passing : PASSING, at),
      exemptUntil: endOf(mine),
      receipts: receipts
        .map(({ receipt }) => receipt)
        .filter((receipt) => receipt.order === order && Date.parse(receipt.at) <= at)
        .map(({ kind, service, notice, revision: about, at: when }) => ({
          ...{ kind, service, revision: about, at: when },
          ...(notice !== undefined && { notice }),
        })),
    },
  ];
}

function standingAt(rule: OrderRule, at: Instant): (typeof ORDER_STANDINGS)[number] {
  if (rule.withdrawn) return 'withdrawn';
  if (rule.until !== null && rule.until <= at) return 'ended';
  if (rule.heldUntil !== null && at < rule.heldUntil) return 'held';
  return rule.effective <= at ? 'in_force' : 'announced';
}
