/**
 * Runs one case of `cases.json`, the table of examples for the rules that decide which services orders suspend for a device. Server and
 * agent each run the table with their own storage. Times are durations from an arbitrary start (`0h`, `24h10m`).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { expandAreas, type HomeArea, parseEvidenceArea, parseHomeArea, parseScopeArea } from '../areas/area-code.ts';
import { areasOfMcc } from '../areas/mcc.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import { areasOfPosition } from '../areas/position.ts';
import { compilePolygon } from '../order/order-areas.ts';
import type { Instant } from '../time/clock.ts';
import { evaluate } from './evaluate.ts';
import { emptyLocation, locationAt, observeAll } from './locate.ts';
import { type DeviceFacts, NEXUS, type Observation, type OrderRule, REASONS, SERVICES, type Verdict } from './terms.ts';

/** Start time (`0h`) of the examples. The value is arbitrary, because all times in the examples are relative to it. */
export const CASES_BEGIN: Instant = Date.UTC(2026, 0, 10);

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const elapsed = z
  .string()
  .regex(/^-?(\d+(d|h|ms|m|s))+$/)
  .transform((text) => {
    let sum = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g))
      sum += Number(count) * UNITS[unit as keyof typeof UNITS];
    return text.startsWith('-') ? -sum : sum;
  });
const instant = elapsed.transform((offset) => CASES_BEGIN + offset);
const rule = z.enum(['allow', 'deny']);
const evidenceAreas = z.string().transform((text) => text.split(' ').map(parseEvidenceArea));

const orderSchema = z.strictObject({
  order: z.string().default('2026-001'),
  revision: z.int().default(1),
  services: z.array(z.enum(SERVICES)).default(['messaging']),
  areas: z.array(z.string()).default(['PK']),
  /** Polygons by name, each with its version, corners (longitude, latitude) and overlapping areas. */
  polygons: z
    .record(
      z.string(),
      z.strictObject({
        version: z.int().default(1),
        corners: z.array(z.tuple([z.number(), z.number()])),
        touches: z.string(),
      }),
    )
    .default({}),
  nexus: z.array(z.enum(NEXUS)).default(['present', 'network']),
  effective: instant.default(CASES_BEGIN),
  until: instant.nullable().default(null),
  /** Time at which the pause ends. `resumed`: the pause lasts until an approver resumes the order. Null: the order is not paused. */
  pausedUntil: z
    .union([z.literal('resumed').transform(() => Number.POSITIVE_INFINITY), instant])
    .nullable()
    .default(null),
  withdrawn: z.boolean().default(false),
  unknown: rule.default('allow'),
  contested: rule.default('allow'),
  stale: z.enum(['keep', 'allow', 'deny']).default('keep'),
  visitors: elapsed.default(0),
  travelers: rule.default('allow'),
  disputed: z.record(z.string(), z.string()).default({}),
});

/** Observations of a device's location at one time, at most one for each source. */
const observationsSchema = z.strictObject({
  at: instant,
  statement: evidenceAreas.optional(),
  until: instant.optional(),
  /** Latitude and longitude in degrees, and accuracy in meters. The same map as in production determines the areas of the position. */
  position: z.tuple([z.number(), z.number(), z.number()]).optional(),
  /** Whether the position was observed before the orders' polygons were known. */
  unaware: z.boolean().optional(),
  /** Mobile country code. The same table of codes as in production determines the country. */
  network: z.string().optional(),
  address: evidenceAreas.optional(),
  connected: z.boolean().optional(),
});

const caseSchema = z.strictObject({
  name: z.string(),
  orders: z.array(orderSchema),
  home: z.string().nullable().default(null),
  seat: z.string().nullable().default(null),
  exempt: z.array(z.strictObject({ order: z.string(), until: instant.nullable().default(null) })).default([]),
  listExpires: instant.nullable().default(null),
  observations: z.array(observationsSchema).default([]),
  now: instant,
  expect: z.strictObject({
    services: z.partialRecord(z.enum(SERVICES), z.enum(['allowed', 'denied'])),
    orders: z.array(z.string()).optional(),
    /** Expected reasons for the decision about the first service in `services`: all of them, in any sequence. */
    reasons: z.array(z.enum(REASONS)).optional(),
    location: z
      .strictObject({
        areas: z.string(),
        certainty: z.enum(['certain', 'probable', 'unknown']),
        disagree: z.array(z.string()).optional(),
      })
      .optional(),
    nextChange: instant.nullable().optional(),
  }),
});
export type VerdictCase = z.output<typeof caseSchema>;

export function loadCases(): VerdictCase[] {
  return z.array(caseSchema).parse(JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')));
}

function polygonsOf({ polygons }: VerdictCase['orders'][number]): AreaPolygon[] {
  return Object.entries(polygons).map(([code, { version, corners, touches }]) => {
    const ring = corners.flat().map((degrees) => Math.round(degrees * 1_000_000));
    return compilePolygon(code, { version, title: code, rings: [ring], touches: touches.split(' ') });
  });
}

export function rulesOf(verdictCase: VerdictCase): OrderRule[] {
  return verdictCase.orders.map((order) => ({
    ...order,
    polygons: polygonsOf(order),
    waiting: 'hold',
    services: new Set(order.services),
    areas: expandAreas(order.areas.map(parseScopeArea)),
    nexus: new Set(order.nexus),
    disputed: new Map(Object.entries(order.disputed).map(([feature, area]) => [feature, parseHomeArea(area)])),
  }));
}

export function observationsOf(verdictCase: VerdictCase): Observation[] {
  const polygons = verdictCase.orders.flatMap(polygonsOf);
  return verdictCase.observations.flatMap(
    ({ at, statement, until, position, unaware, network, address, connected }) => {
      const observations: Observation[] = [];
      if (statement)
        observations.push({ source: 'statement', areas: statement, at, ...(until !== undefined && { until }) });
      if (position) {
        const [latitude, longitude, accuracy] = position;
        const seen = areasOfPosition({ latitude, longitude, accuracy }, unaware ? [] : polygons);
        observations.push({ source: 'position', at, ...seen });
      }
      if (network) observations.push({ source: 'network', at, areas: areasOfMcc(network) });
      if (address) observations.push({ source: 'address', at, areas: address, ...(connected && { connected }) });
      return observations;
    },
  );
}

const homeAreaOf = (text: string | null): HomeArea | null => (text === null ? null : parseHomeArea(text));

export function factsOf(verdictCase: VerdictCase): Omit<DeviceFacts, 'location'> {
  return {
    home: homeAreaOf(verdictCase.home),
    seat: homeAreaOf(verdictCase.seat),
    exemptions: verdictCase.exempt,
    listExpires: verdictCase.listExpires,
  };
}

export function runCase(given: VerdictCase, location = observeAll(emptyLocation(), observationsOf(given))): string[] {
  const verdict = evaluate(rulesOf(given), { ...factsOf(given), location }, given.now);
  return [...misses(given, verdict), ...locationMisses(given, locationAt(location, given.now))];
}

function misses({ expect }: VerdictCase, verdict: Verdict): string[] {
  const found: string[] = [];
  for (const service of SERVICES) {
    const expected = expect.services[service];
    const actual = verdict.services[service].allowed ? 'allowed' : 'denied';
    if (expected && expected !== actual)
      found.push(`${service}: ${actual} because ${verdict.services[service].reasons}`);
  }
  const [first] = Object.keys(expect.services);
  const service = SERVICES.find((name) => name === first);
  if (!service) return [...found, 'the case expects nothing of any service'];
  const { denials, reasons } = verdict.services[service];
  const orders = denials.map((denial) => denial.order);
  if (expect.orders && !same(expect.orders, orders)) found.push(`orders: ${orders}`);
  if (expect.reasons && !same([...expect.reasons].sort(), [...reasons].sort())) found.push(`reasons: ${reasons}`);
  if (expect.nextChange !== undefined && expect.nextChange !== verdict.nextChange) {
    const after = verdict.nextChange === null ? 'never' : `${(verdict.nextChange - CASES_BEGIN) / UNITS.m}m`;
    found.push(`next change: ${after}`);
  }
  return found;
}

function locationMisses({ expect }: VerdictCase, location: ReturnType<typeof locationAt>): string[] {
  if (!expect.location) return [];
  const { areas, certainty, disagree } = expect.location;
  const found: string[] = [];
  if (areas !== location.areas.join(' ')) found.push(`location: ${location.areas}`);
  if (certainty !== location.certainty) found.push(`certainty: ${location.certainty}`);
  if (disagree && !same(disagree, location.disagree)) found.push(`disagree: ${location.disagree}`);
  return found;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
