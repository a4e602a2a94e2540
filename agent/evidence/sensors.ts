/**
 * What a device can sense of where it is. Coordinates go into `shared/areas/position.ts` on the device and no further: only areas
 * are stored or sent.
 */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  /** Radius in metres. */
  readonly accuracy: number;
}

export interface Reading {
  readonly position: Position | null;
  /** The mobile country code of the serving network, e.g. `410`. */
  readonly network: string | null;
}

export type Sensors = () => Promise<Reading>;

/** A machine that can sense nothing: its evidence is the address that the server sees. */
export const noSensors: Sensors = async () => ({ position: null, network: null });
