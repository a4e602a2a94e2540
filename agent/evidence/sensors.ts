/**
 * What a device can sense of where it is, turned into areas on the device itself: coordinates are neither stored nor sent.
 */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { areasOfMcc } from '../../shared/areas/mcc.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import { areasOfPosition, type Position } from '../../shared/areas/position.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Observation } from '../../shared/verdict/terms.ts';

/** What a source is, without what it says. */
export interface SourceState {
  readonly name: 'gpsd' | 'GeoClue' | 'ModemManager' | 'sensor program' | 'sensor file';
  /** idle: it works and has nothing to say. refused: it does not let the agent ask. failed: what it said is no evidence. */
  readonly state: 'working' | 'idle' | 'absent' | 'refused' | 'failed';
  /** Why it does not say anything. */
  readonly detail: string;
}

export interface Reading {
  readonly position: Position | null;
  /** The mobile country code of the serving network, e.g. `410`. */
  readonly network: string | null;
  /** What was asked for it. */
  readonly sources?: readonly SourceState[];
}

/** A source that cannot be asked, which is how this machine is set up and no failure. */
export class SourceUnavailable extends Error {
  readonly state: 'absent' | 'refused';

  constructor(state: 'absent' | 'refused', detail: string) {
    super(detail);
    this.state = state;
  }
}

export type Sensors = () => Promise<Reading>;

/** A machine that can sense nothing: its evidence is the address that the server sees. */
export const noSensors: Sensors = async () => ({ position: null, network: null });

/** `polygons`: those that orders at hand name; a position says of them whether it lies in them. */
export function observationsOf(
  { position, network }: Reading,
  at: Instant,
  polygons: readonly AreaPolygon[] = [],
): Observation[] {
  const found: Observation[] = [];
  if (position) {
    const { areas, whole } = areasOfPosition(position, polygons);
    if (areas.length > 0) found.push({ source: 'position', areas, at, whole });
  }
  const served = network === null ? [] : areasOfMcc(network);
  if (served.length > 0) found.push({ source: 'network', areas: served, at });
  return found;
}

/** What the server says of the connection's address: areas only. */
export function addressObservation(areas: readonly string[], at: Instant): Observation | null {
  return areas.length === 0 ? null : { source: 'address', areas: areas.map(parseEvidenceArea), at, connected: true };
}
