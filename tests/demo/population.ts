/** Users of the demo's devices. The list depends only on the number of devices. */
import type { Machine } from '../replay/simulated-machine.ts';
import { machineOf } from './machines.ts';
import { nameIn } from './names.ts';
import { OFFICES, type Office, SPOTS, type Spot } from './offices.ts';

export interface Resident {
  readonly spot: Spot;
  /** Index of the device among the devices of its spot, from 0. */
  readonly index: number;
  readonly user: string;
  readonly machine: Machine;
}

/** Distributes `count` devices over the spots by weight (highest averages). Each spot gets one device before any spot gets a second. */
export function populate(count: number): Resident[] {
  const seats = new Map(SPOTS.map((spot) => [spot, 0]));
  const share = (spot: Spot) => {
    const taken = seats.get(spot) ?? 0;
    return taken === 0 ? Number.POSITIVE_INFINITY : spot.weight / (taken + 0.5);
  };
  for (let given = 0; given < count; given++) {
    // Among equal spots, the first gets the device, because the spots are in order of importance.
    const next = SPOTS.reduce((best, spot) => (share(spot) > share(best) ? spot : best));
    seats.set(next, (seats.get(next) ?? 0) + 1);
  }
  const staff = new Map<string, number>();
  const machines = new Map<Office, number>();
  const take = <K>(counts: Map<K, number>, key: K): number => {
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    return n;
  };
  return SPOTS.flatMap((spot) =>
    Array.from({ length: seats.get(spot) ?? 0 }, (_, index) => {
      const { office } = spot;
      const n = take(machines, office);
      const hostname = `${office.code}-L${String(n + 1).padStart(4, '0')}`;
      return {
        spot,
        index,
        user: nameIn(office.country, take(staff, office.country)),
        machine: machineOf(hostname, OFFICES.indexOf(office), n),
      };
    }),
  );
}
