/** Sensor readings, converted into areas on the device. The device neither stores nor sends coordinates. */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { areasOfMcc } from '../../shared/areas/mcc.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import { areasOfPosition, type Position } from '../../shared/areas/position.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Observation } from '../../shared/verdict/terms.ts';

export interface SourceState {
  readonly name: 'gpsd' | 'GeoClue' | 'ModemManager' | 'sensor program' | 'sensor file';
  /** `idle`: the sensor works, but has no data. `refused`: the sensor denies the agent access. `failed`: the sensor gave invalid data. */
  readonly state: 'working' | 'idle' | 'absent' | 'refused' | 'failed';
  readonly detail: string;
}

export interface Reading {
  readonly position: Position | null;
  /** The mobile country code of the serving network, e.g. `410`. */
  readonly network: string | null;
  readonly sources?: readonly SourceState[];
}

/** Missing source, or a source that denies access. Neither is a failure. */
export class SourceUnavailable extends Error {
  readonly state: 'absent' | 'refused';

  constructor(state: 'absent' | 'refused', detail: string) {
    super(detail);
    this.state = state;
  }
}

export type Sensors = () => Promise<Reading>;

/** A machine without sensors: its only evidence is the address that the server sees. */
export const noSensors: Sensors = async () => ({ position: null, network: null });

/**
 * Returns the evidence of a reading. `polygons`: the stored orders' polygons; the evidence states for each whether the device is inside.
 */
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

/** Evidence from the areas of the connection's address, as the server states them. */
export function addressObservation(areas: readonly string[], at: Instant): Observation | null {
  return areas.length === 0 ? null : { source: 'address', areas: areas.map(parseEvidenceArea), at, connected: true };
}
