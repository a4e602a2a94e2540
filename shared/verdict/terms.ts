/**
 * Types for input and result of the verdict (decision which services a device may use). They are plain data, the same on the server and on
 * an offline device.
 */
import type { EvidenceArea, HomeArea, LocationArea } from '../areas/area-code.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import type { Instant } from '../time/clock.ts';

export const SERVICES = ['enrollment', 'management', 'messaging', 'mail'] as const;
export type Service = (typeof SERVICES)[number];

/** Services with messages that can wait for a device. The order's rule `waiting` decides about these messages. */
const QUEUED_SERVICES: readonly Service[] = ['messaging', 'mail'];
export const hasWaitingRule = (services: readonly Service[]): boolean =>
  services.some((service) => QUEUED_SERVICES.includes(service));

/** Connections (nexus) between a device and an area, on which an order can depend: location, home area, mobile network or legal seat. */
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
/** Source of evidence. The sources are in order of precedence: the first source with unexpired evidence decides. */
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number];

/**
 * Observation of a device's location by one source. `areas` contains countries, subdivisions and disputed territories (such as
 * `XX-crimea`), but no groups of countries.
 */
export interface Observation {
  readonly source: EvidenceSource;
  readonly areas: readonly EvidenceArea[];
  readonly at: Instant;
  /** Whether the whole accuracy circle of a measured position is inside a single area; absent if the source is not `position`. */
  readonly whole?: boolean;
  /** End of a location statement by an admin; absent if the source is not `statement`. */
  readonly until?: Instant;
  /**
   * Whether the device is still connected from the observed IP address. An observation does not expire while the connection is open. Absent
   * if the source is not `address`.
   */
  readonly connected?: boolean;
}

/** Newest observation by one source. `first`: time of the first of the consecutive observations that reported the same areas. */
export interface Sighting extends Observation {
  readonly first: Instant;
  /** Number of consecutive observations that reported the same areas. */
  readonly count: number;
}

/**
 * Stay: period during which the possible areas of the device stayed the same. Past stays show when a visitor arrived, even after a short
 * absence. `to` is null if the stay continues.
 */
export interface Stay {
  readonly areas: readonly EvidenceArea[];
  readonly from: Instant;
  readonly to: Instant | null;
  /**
   * Milliseconds without a known location in a merged stay; absent for other stays. A merged stay combines several old stays. The merged
   * stay lists all their areas, but not when the device was in each area.
   */
  readonly gaps?: number;
}

export interface Folded {
  /** Confirmed location, which verdicts use; null before the first observation, and after all observations have expired. */
  readonly counted: {
    readonly areas: readonly EvidenceArea[];
    readonly source: EvidenceSource;
    readonly arrival: Instant;
    readonly confirmed: Instant;
  } | null;
  /** Observed change of location that is not yet confirmed, so that the earlier location still applies. */
  readonly pending: { readonly areas: readonly EvidenceArea[]; readonly since: Instant } | null;
  readonly stays: readonly Stay[];
  /** Stays of the device by the country of its mobile network alone, for orders that depend on the network (nexus `network`). */
  readonly networkStays: readonly Stay[];
}

/**
 * Stored data about a device's location: the newest observation of each source, and the location computed from them. Server and device
 * store these data as JSON.
 */
export interface LocationState extends Folded {
  readonly sightings: { readonly [S in EvidenceSource]?: Sighting };
  /** Time for which the location was last computed; 0 before the first observation. */
  readonly at: Instant;
  /**
   * Location computed before the time `at`. If another observation with the time `at` arrives, the location is computed again from here, so
   * that the sequence of arrival does not matter.
   */
  readonly before: Folded | null;
}

export type Certainty = 'certain' | 'probable' | 'unknown';

/** Location of a device at a given time. `areas` is empty exactly if `certainty` is `unknown`. */
export interface Location {
  readonly certainty: Certainty;
  readonly areas: readonly EvidenceArea[];
  readonly source: EvidenceSource | null;
  readonly disagree: readonly EvidenceSource[];
  /** Areas of the serving network; null if this evidence has expired or is missing. */
  readonly network: readonly EvidenceArea[] | null;
}

export type Rule = 'allow' | 'deny';

/**
 * Rule for messages to a device whose messaging an order suspends.
 * - hold: the server keeps the messages until the order ends.
 * - deliver: the server still delivers messages that it accepted before.
 * - return: the server returns the messages to their senders.
 */
export const WAITING_RULES = ['hold', 'deliver', 'return'] as const;
export type WaitingRule = (typeof WAITING_RULES)[number];
export const DEFAULT_WAITING = 'hold' satisfies WaitingRule;

/**
 * Adopted order in the form from which the verdict (decision which services a device may use) is computed. `shared/order/rules.ts` creates
 * it.
 */
export interface OrderRule {
  readonly order: string;
  readonly revision: number;
  readonly services: ReadonlySet<Service>;
  /**
   * Areas that the order names, with each group of areas replaced by its members. A country also covers its ISO 3166-2 subdivisions. A
   * subdivision does not cover its country.
   */
  readonly areas: ReadonlySet<LocationArea>;
  readonly polygons?: readonly AreaPolygon[];
  readonly nexus: ReadonlySet<Nexus>;
  readonly effective: Instant;
  readonly until: Instant | null;
  /**
   * End of the order's pause; Infinity for a pause without an end, null if the order is not paused. A pause begins when approvers adopt the
   * revision that contains it.
   */
  readonly pausedUntil: Instant | null;
  readonly withdrawn: boolean;
  readonly unknown: Rule;
  readonly contested: Rule;
  readonly stale: 'keep' | Rule;
  /** Grace period after arrival for devices with a home area elsewhere, in milliseconds. */
  readonly visitors: number;
  readonly travelers: Rule;
  readonly waiting: WaitingRule;
  /** Country to which this order assigns each disputed territory (land that several countries claim). */
  readonly disputed: ReadonlyMap<string, LocationArea>;
}

export interface Exemption {
  readonly order: string;
  readonly until: Instant | null;
}

export interface DeviceFacts {
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  /**
   * Exemptions of the device from orders. Each exemption matches a salted hash in a revision that approvers signed, so that the server
   * alone cannot exempt a device.
   */
  readonly exemptions: readonly Exemption[];
  readonly location: LocationState;
  /** Expiry of the device's order list; null on the server, whose list never expires. */
  readonly listExpires: Instant | null;
}

export interface Denial {
  readonly order: string;
  readonly revision: number;
  readonly reasons: readonly Reason[];
}

export interface ServiceVerdict {
  readonly allowed: boolean;
  /** Orders that deny the service, sorted by number; empty if the service is allowed. */
  readonly denials: readonly Denial[];
  /** All reasons that apply, for and against a denial; only `no_order` if no other reason applies. */
  readonly reasons: readonly Reason[];
}

export interface Verdict {
  readonly services: { readonly [S in Service]: ServiceVerdict };
  /** Next time at which the allowed services can change without a new observation or order; null if there is no such time. */
  readonly nextChange: Instant | null;
}
