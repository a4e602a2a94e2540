/** Conversion of sensor readings into areas, on the device. The device stores no coordinates, and sends them only in lost mode (`lost-mode.ts`). */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import type { Position } from '../../shared/areas/position.ts';
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

/** Loads the map and the table of networks at their first use, because they take 35 MiB and many machines have no sensor. */
export async function observationsOf(
  { position, network }: Reading,
  at: Instant,
  polygons: readonly AreaPolygon[] = [],
): Promise<Observation[]> {
  const found: Observation[] = [];
  if (position) {
    const { areasOfPosition } = await import('../../shared/areas/position.ts');
    const { areas, whole } = areasOfPosition(position, polygons);
    if (areas.length > 0) found.push({ source: 'position', areas, at, whole });
  }
  const networkAreas = network === null ? [] : await areasOfNetwork(network);
  if (networkAreas.length > 0) found.push({ source: 'network', areas: networkAreas, at });
  return found;
}

async function areasOfNetwork(mcc: string): Promise<Observation['areas']> {
  const { areasOfMcc } = await import('../../shared/areas/mcc.ts');
  return areasOfMcc(mcc);
}

export function addressObservation(areas: readonly string[], at: Instant): Observation | null {
  return areas.length === 0 ? null : { source: 'address', areas: areas.map(parseEvidenceArea), at, connected: true };
}
