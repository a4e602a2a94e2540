/** Conversion of sensor readings into areas, on the device. The device neither stores nor sends coordinates. */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { areasOfMcc } from '../../shared/areas/mcc.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import { areasOfPosition, type Position } from '../../shared/areas/position.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Observation } from '../../shared/verdict/terms.ts';

export interface SourceState {
  readonly name: 'gpsd' | 'GeoClue' | 'ModemManager' | 'sensor program' | 'sensor file';
  /**
   * State of a sensor. `idle`: the sensor works, but has no data. `refused`: the sensor denies the agent access. `failed`: the sensor gave
   * invalid data.
   */
  readonly state: 'working' | 'idle' | 'absent' | 'refused' | 'failed';
  readonly detail: string;
}

export interface Reading {
  readonly position: Position | null;
  readonly network: string | null;
  readonly sources?: readonly SourceState[];
}

/** A sensor that is missing (`absent`) or denies access (`refused`) does not count as failed. */
export class SourceUnavailable extends Error {
  readonly state: 'absent' | 'refused';

  constructor(state: 'absent' | 'refused', detail: string) {
    super(detail);
    this.state = state;
  }
}

export type Sensors = () => Promise<Reading>;

/** A machine without sensors. Its only location evidence is its network address, as the server sees it. */
export const noSensors: Sensors = async () => ({ position: null, network: null });

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
  const networkAreas = network === null ? [] : areasOfMcc(network);
  if (networkAreas.length > 0) found.push({ source: 'network', areas: networkAreas, at });
  return found;
}

export function addressObservation(areas: readonly string[], at: Instant): Observation | null {
  return areas.length === 0 ? null : { source: 'address', areas: areas.map(parseEvidenceArea), at, connected: true };
}
