/**
 * Types of the verdict: its input and its result. Plain data: the same values decide on the server and on an offline device. `locate.ts`
 * (evidence → location) and `evaluate.ts` (location → verdict) contain the rules.
 */
import type { EvidenceArea, HomeArea, LocationArea } from '../areas/area-code.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import type { Instant } from '../time/clock.ts';

export const SERVICES = ['enrollment', 'management', 'messaging', 'mail'] as const;
export type Service = (typeof SERVICES)[number];

/** Services that an order may name before Cordon offers them. Pages and commands mark them. */
export const SERVICES_TO_COME: readonly Service[] = ['mail'];

/** Kinds of connection (nexus) that an order asks for. */
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
  'traveler',
  'no_order',
] as const;
export type Reason = (typeof REASONS)[number];

export const EVIDENCE_SOURCES = ['statement', 'position', 'network', 'address'] as const;
/** Sources in order of precedence: the first fresh source decides. */
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number];

/** One observation of a device's location. `areas` are countries, subdivisions or disputed territories (`XX-crimea`), never groups. */
export interface Observation {
  readonly source: EvidenceSource;
  readonly areas: readonly EvidenceArea[];
  readonly at: Instant;
  /** `position` only: the whole accuracy circle is inside the one area. */
  readonly whole?: boolean;
  /** End of a location statement; absent for other sources. */
  readonly until?: Instant;
  /** `address`: the connection is still open, so the observation does not expire. */
  readonly connected?: boolean;
}

/** The newest observation of one source, and since when its areas are the same. */
export interface Sighting extends Observation {
  readonly first: Instant;
  /** Number of consecutive observations with the same areas. */
  readonly count: number;
}

/** A period with the same candidates, stored so that a visitor's arrival survives a short absence. `to` is null while it lasts. */
export interface Stay {
  readonly areas: readonly EvidenceArea[];
  readonly from: Instant;
  readonly to: Instant | null;
  /** Milliseconds without a known location. Only for merged stays: the device was in each of the areas, at unknown times. */
  readonly gaps?: number;
}

/** Result of the observations up to an instant. */
export interface Folded {
  /** The location by the change rule; null before the first observation and after all have expired. */
  readonly counted: {
    readonly areas: readonly EvidenceArea[];
    readonly source: EvidenceSource;
    readonly arrival: Instant;
    /** Time of the newest observation that confirmed the location. */
    readonly confirmed: Instant;
  } | null;
  /** A suggested location that does not count as the location yet. */
  readonly pending: { readonly areas: readonly EvidenceArea[]; readonly since: Instant } | null;
  readonly stays: readonly Stay[];
  /** Stays of the device by the serving network alone, for orders that ask for `network`. */
  readonly networkStays: readonly Stay[];
}

/** The whole state of the fold over a device's observations. JSON-safe: both sides store it unchanged. */
export interface LocationState extends Folded {
  readonly sightings: { readonly [S in EvidenceSource]?: Sighting };
  /** The instant up to which observations are folded; 0 before the first observation. */
  readonly at: Instant;
  /** State before `at`: observations of one instant are folded together in any order. */
  readonly before: Folded | null;
}

export type Certainty = 'certain' | 'probable' | 'unknown';

/** Location of a device at one instant. `areas` is empty exactly when `certainty` is `unknown`. */
export interface Location {
  readonly certainty: Certainty;
  readonly areas: readonly EvidenceArea[];
  readonly source: EvidenceSource | null;
  readonly disagree: readonly EvidenceSource[];
  /** Areas of the serving network while that sighting is fresh; null otherwise. */
  readonly network: readonly EvidenceArea[] | null;
}

export type Rule = 'allow' | 'deny';

/**
 * Rule for messages to a device whose `messaging` an order suspends. hold: the server keeps them until the order ends. deliver: the server
 * still delivers messages that it accepted before. return: the sender gets them back.
 */
export const WAITING_RULES = ['hold', 'deliver', 'return'] as const;
export type WaitingRule = (typeof WAITING_RULES)[number];
/** Default rule for an order that states no rule. */
export const UNSAID_WAITING = 'hold' satisfies WaitingRule;

/** One adopted order, compiled for the evaluation (`shared/order/rules.ts` compiles signed revisions). */
export interface OrderRule {
  readonly order: string;
  readonly revision: number;
  readonly services: ReadonlySet<Service>;
  /** Areas with expanded groups. A country also covers its ISO 3166-2 subdivisions; a subdivision does not cover its country. */
  readonly areas: ReadonlySet<LocationArea>;
  readonly polygons?: readonly AreaPolygon[];
  readonly nexus: ReadonlySet<Nexus>;
  readonly effective: Instant;
  readonly until: Instant | null;
  /** End of the pause (Infinity: until resumed); null when not paused. The pause begins with the revision's adoption. */
  readonly pausedUntil: Instant | null;
  readonly withdrawn: boolean;
  readonly unknown: Rule;
  readonly contested: Rule;
  readonly stale: 'keep' | Rule;
  /** Grace in milliseconds, from arrival, for devices with a home elsewhere. */
  readonly visitors: number;
  readonly travelers: Rule;
  readonly waiting: WaitingRule;
  /** The order's assignment of disputed territories: territory → area. */
  readonly disputed: ReadonlyMap<string, LocationArea>;
}

export interface Exemption {
  readonly order: string;
  readonly until: Instant | null;
}

export interface DeviceFacts {
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  /** Exemptions that were checked against the order's signed commitments. */
  readonly exemptions: readonly Exemption[];
  readonly location: LocationState;
  /** End of the device's order list. Null on the server, whose list is never stale. */
  readonly listExpires: Instant | null;
}

export interface Denial {
  readonly order: string;
  readonly revision: number;
  readonly reasons: readonly Reason[];
}

export interface ServiceVerdict {
  readonly allowed: boolean;
  /** All denying orders, by number; empty when the service is allowed. */
  readonly denials: readonly Denial[];
  /** All applicable reasons, denying or allowing; `no_order` alone when no other reason applies. */
  readonly reasons: readonly Reason[];
}

export interface Verdict {
  readonly services: { readonly [S in Service]: ServiceVerdict };
  /** The next instant at which the verdict can change without a new fact; null if it cannot change. */
  readonly nextChange: Instant | null;
}
