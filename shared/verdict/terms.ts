/**
 * The words of a verdict, and the shapes that go in and out of it. Pure data: the same values decide on the server and on a
 * device that is offline. The rules themselves are `locate.ts` (evidence → location) and `evaluate.ts` (location → verdict).
 */
import type { AreaCode } from '../areas/area-code.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import type { Instant } from '../time/clock.ts';

export const SERVICES = ['enrolment', 'management', 'messaging', 'mail'] as const;
export type Service = (typeof SERVICES)[number];

/** The kind of tie that an order asks for. */
export const NEXUS = ['present', 'home', 'network', 'seat'] as const;
export type Nexus = (typeof NEXUS)[number];

export const REASONS = [
  'present',
  'network',
  'home',
  'seat',
  'contested',
  'unknown',
  'exempt',
  'exemption_over',
  'visitor_grace',
  'traveller',
  'no_order',
] as const;
export type Reason = (typeof REASONS)[number];

export const EVIDENCE_SOURCES = ['statement', 'position', 'network', 'address'] as const;
/** In the order in which they decide: the first that is fresh. */
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number];

/** One observation of where a device is. `areas` are countries, subdivisions or disputed ground (`XX-crimea`), never groups. */
export interface Observation {
  readonly source: EvidenceSource;
  readonly areas: readonly AreaCode[];
  readonly at: Instant;
  /** `position` only: the whole accuracy circle lies in the one area. */
  readonly whole?: boolean;
  /** `statement`: when it expires. */
  readonly until?: Instant;
  /** `address`: the connection it was seen on is still open, so it does not age. */
  readonly connected?: boolean;
}

/** What is known of one source: the newest observation, and since when it has said the same. */
export interface Sighting extends Observation {
  readonly first: Instant;
  /** How many observations in a row said the same areas. */
  readonly count: number;
}

/** A stretch of time with the same candidates, kept so that a visitor's arrival survives a short absence. `to` is null while it lasts. */
export interface Stay {
  readonly areas: readonly AreaCode[];
  readonly from: Instant;
  readonly to: Instant | null;
  /**
   * Only where several stays are remembered as one: it was in each of the areas, nobody knows when. For so many milliseconds of it it was in none that
   * is known.
   */
  readonly gaps?: number;
}

/** What the observations up to some instant amount to. */
export interface Folded {
  /** The location that counts, by the change rule; null before the first observation and after all have lapsed. */
  readonly counted: {
    readonly areas: readonly AreaCode[];
    readonly source: EvidenceSource;
    readonly arrival: Instant;
    /** The newest observation that spoke for it. */
    readonly confirmed: Instant;
  } | null;
  /** A location that observations suggest and that does not count yet. */
  readonly pending: { readonly areas: readonly AreaCode[]; readonly since: Instant } | null;
  readonly stays: readonly Stay[];
  /** The same for the serving network alone, for orders that ask for `network`. */
  readonly networkStays: readonly Stay[];
}

/** All that the fold over a device's observations remembers. JSON-safe: both sides store it as it is. */
export interface LocationState extends Folded {
  readonly sightings: { readonly [S in EvidenceSource]?: Sighting };
  /** The instant up to which this is folded; 0 before the first observation. */
  readonly at: Instant;
  /** As it was before `at`: observations of one instant are folded together, in whatever order they come. */
  readonly before: Folded | null;
}

export type Certainty = 'certain' | 'probable' | 'unknown';

/** Where a device is at one instant. `areas` is empty exactly when `certainty` is `unknown`. */
export interface Location {
  readonly certainty: Certainty;
  readonly areas: readonly AreaCode[];
  readonly source: EvidenceSource | null;
  readonly disagree: readonly EvidenceSource[];
  /** The serving network's areas while that sighting is fresh; null otherwise. */
  readonly network: readonly AreaCode[] | null;
}

export type Rule = 'allow' | 'deny';

/**
 * What becomes of messages that wait for a device when an order shuts `messaging` for it. hold: they wait on, and come when the order ends.
 * deliver: what was accepted before is still delivered. return: they go back to whoever sent them.
 */
export const WAITING_RULES = ['hold', 'deliver', 'return'] as const;
export type WaitingRule = (typeof WAITING_RULES)[number];
/** Of an order that says nothing of it. */
export const UNSAID_WAITING = 'hold' satisfies WaitingRule;

/** One adopted order, compiled for evaluation (`shared/order/rules.ts` makes it from signed revisions). */
export interface OrderRule {
  readonly order: string;
  readonly revision: number;
  readonly services: ReadonlySet<Service>;
  /** Groups expanded. A country also covers its ISO 3166-2 subdivisions; a subdivision does not cover its country. */
  readonly areas: ReadonlySet<AreaCode>;
  /** Absent: none. */
  readonly polygons?: readonly AreaPolygon[];
  readonly nexus: ReadonlySet<Nexus>;
  readonly effective: Instant;
  readonly until: Instant | null;
  /** Held from the revision's adoption until this instant (Infinity: until released); null when not held. */
  readonly heldUntil: Instant | null;
  readonly withdrawn: boolean;
  readonly unknown: Rule;
  readonly contested: Rule;
  readonly stale: 'keep' | Rule;
  /** Grace in milliseconds for devices whose home is elsewhere, from arrival. */
  readonly visitors: number;
  readonly travellers: Rule;
  readonly waiting: WaitingRule;
  /** Where the order's own map puts disputed ground: feature → area. */
  readonly disputed: ReadonlyMap<string, AreaCode>;
}

export interface Exemption {
  readonly order: string;
  readonly until: Instant | null;
}

/** What is known of one device when a verdict is made. */
export interface DeviceFacts {
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  /** Already checked against the order's own signed commitments. */
  readonly exemptions: readonly Exemption[];
  readonly location: LocationState;
  /** On a device: when its list expires. Null on the server, whose list is never stale. */
  readonly listExpires: Instant | null;
}

export interface Denial {
  readonly order: string;
  readonly revision: number;
  readonly reasons: readonly Reason[];
}

export interface ServiceVerdict {
  readonly allowed: boolean;
  /** Every order that denies, in the order of their numbers. Empty when allowed. */
  readonly denials: readonly Denial[];
  /** Every reason that applies, denying or allowing; `no_order` alone when nothing else does. */
  readonly reasons: readonly Reason[];
}

export interface Verdict {
  readonly services: { readonly [S in Service]: ServiceVerdict };
  /** The next instant at which this verdict can change by itself; null if never. */
  readonly nextChange: Instant | null;
}
