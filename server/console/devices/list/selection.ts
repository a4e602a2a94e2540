/** Selection of devices: some by name, or all that match the filters. Pure. */
import type { DeviceView } from '../../../../shared/api/devices.ts';

export type Selection<D = DeviceView> =
  | { readonly kind: 'some'; readonly devices: ReadonlyMap<string, D> }
  /** The server counts the selected devices again. */
  | { readonly kind: 'all' };

export const MOST_NAMED = 10_000;

export const NOTHING: Selection<never> = { kind: 'some', devices: new Map<string, never>() };
export const EVERYTHING: Selection<never> = { kind: 'all' };

export const isChosen = <D>(selection: Selection<D>, id: string): boolean =>
  selection.kind === 'all' || selection.devices.has(id);

export const countOf = <D>(selection: Selection<D>, total: number): number =>
  selection.kind === 'all' ? total : selection.devices.size;

/** Adds or removes devices. A selection of all allows no removal, because the server receives only the filters. */
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
