/** Which devices are chosen: some by name, or all that the filter lets through, however many. Pure. */
import type { DeviceView } from '../../../../shared/api/devices.ts';

export type Selection<D = DeviceView> =
  | { readonly kind: 'some'; readonly devices: ReadonlyMap<string, D> }
  /** `total` is what was shown; the server counts anew. */
  | { readonly kind: 'all' };

/** What one request can name. */
export const MOST_NAMED = 10_000;

export const NOTHING: Selection<never> = { kind: 'some', devices: new Map<string, never>() };
export const EVERYTHING: Selection<never> = { kind: 'all' };

export const isChosen = <D>(selection: Selection<D>, id: string): boolean =>
  selection.kind === 'all' || selection.devices.has(id);

export const countOf = <D>(selection: Selection<D>, total: number): number =>
  selection.kind === 'all' ? total : selection.devices.size;

/** Chooses or leaves out; with all chosen there is nobody to leave out, since the server is told the filter alone. */
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
