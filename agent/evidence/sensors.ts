/**
 * What a device can sense of where it is, turned into areas on the device itself: coordinates are neither stored nor sent.
 */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { areasOfMcc } from '../../shared/areas/mcc.ts';
import { areasOfPosition, type Position } from '../../shared/areas/position.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Observation } from '../../shared/verdict/terms.ts';

export interface Reading {
  readonly position: Position | null;
  /** The mobile country code of the serving network, e.g. `410`. */
  readonly network: string | null;
}

export type Sensors = () => Promise<Reading>;

/** A machine that can sense nothing: its evidence is the address that the server sees. */
export const noSensors: Sensors = async () => ({ position: null, network: null });

export function observationsOf({ position, network }: Reading, at: Instant): Observation[] {
  const found: Observation[] = [];
  if (position) {
    const { areas, whole } = areasOfPosition(position);
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
