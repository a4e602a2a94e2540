/**
 * Numbers of devices in the impact preview of an order. There is a number for each kind of impact (such as exempt), for each kind of change
 * from another revision, and for each area.
 */
import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { EvidenceArea } from '../../../shared/areas/area-code.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { ImpactGroup, RehearsalResult, Waits } from './rehearsal.ts';

export interface ImpactCounts extends Pick<RehearsalResult, 'at' | 'fleet'> {
  readonly counts: Readonly<Record<ImpactClass, number>>;
}

export function counted({ at, fleet, sets }: RehearsalResult): ImpactCounts {
  return { at, fleet, counts: countsOf(sets) };
}

export function sizeOf(sets: readonly ImpactGroup[]): number {
  return sets.reduce((sum, { devices }) => sum + devices.length, 0);
}

export function countsOf(sets: readonly ImpactGroup[]): Record<ImpactClass, number> {
  const uncertain = { borderline: 0, unknown: 0, visiting: 0, traveling: 0 };
  const counts = { denied: 0, ...uncertain, exempt: 0, offline_current: 0, offline_behind: 0, undelivered: 0 };
  for (const { classes, devices } of sets) for (const each of classes) counts[each] += devices.length;
  return counts;
}

export function changesOf(sets: readonly ImpactGroup[]): Record<ImpactChange, number> {
  const counts = { newly_affected: 0, no_longer_affected: 0, changed: 0 };
  for (const { change, devices } of sets) if (change) counts[change.kind] += devices.length;
  return counts;
}

export interface AreaCount {
  readonly area: EvidenceArea;
  readonly devices: number;
  readonly denied: number;
}

/** A device with two possible areas is included in the counts of both areas. */
export function countsByArea(sets: readonly ImpactGroup[]): AreaCount[] {
  const counts = new Map<EvidenceArea, { devices: number; denied: number }>();
  for (const { areas, denied, devices } of sets) {
    for (const area of areas) {
      const count = counts.get(area) ?? { devices: 0, denied: 0 };
      count.devices += devices.length;
      if (denied.length > 0) count.denied += devices.length;
      counts.set(area, count);
    }
  }
  return [...counts].map(([area, count]) => ({ area, ...count })).sort((a, b) => (a.area < b.area ? -1 : 1));
}

export function waitingOf(waits: ReadonlyMap<DeviceId, Waits>): Waits & { readonly devices: number } {
  const sum = { devices: waits.size, messages: 0, bytes: 0, commands: 0 };
  for (const { messages, bytes, commands } of waits.values()) {
    sum.messages += messages;
    sum.bytes += bytes;
    sum.commands += commands;
  }
  return sum;
}
