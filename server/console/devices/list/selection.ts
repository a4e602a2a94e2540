/** Selection in the device list: either a set of devices, or all devices that match the filters. The functions are pure. */
import type { DeviceView } from '../../../../shared/api/devices.ts';

export type Selection<D = DeviceView> =
  | { readonly kind: 'some'; readonly devices: ReadonlyMap<string, D> }
  /** All devices that match the filters. The server counts these devices again when the admin sends a command. */
  | { readonly kind: 'all' };

export const MOST_NAMED = 10_000;

export const NOTHING: Selection<never> = { kind: 'some', devices: new Map<string, never>() };
export const EVERYTHING: Selection<never> = { kind: 'all' };

export const isChosen = <D>(selection: Selection<D>, id: string): boolean =>
  selection.kind === 'all' || selection.devices.has(id);

export const countOf = <D>(selection: Selection<D>, total: number): number =>
  selection.kind === 'all' ? total : selection.devices.size;

/**
 * Adds devices to the selection or removes them. A selection of all devices does not change: the server receives only the filters, which
 * cannot exclude a single device.
 */
export function choose<D extends { readonly id: string }>(
  selection: Selection<D>,
  devices: readonly D[],
  chosen: boolean,
): Selection<D> {
  if (selection.kind === 'all') return selection;
  const next = new Map(selection.devices);
  for (const device of devices) {
    if (chosen) next.set(device.id, device);
    else next.delete(device.id);
  }
  return next.size > MOST_NAMED ? selection : { kind: 'some', devices: next };
}
