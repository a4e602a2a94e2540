/**
 * Visibility of a device's location: its areas, its address and its location statement. A caller sees them only if the caller's role may
 * read the device's evidence. The functions are pure. Every response with devices uses them.
 */
import type { Device, DeviceName } from './ports.ts';
import { inScope, type Scope } from './scope.ts';

/** `located`: devices whose location the caller may see. */
export function seesLocation(located: Scope, { group, home }: Pick<Device, 'group' | 'home'>): boolean {
  return inScope(located, { group: group.id, home });
}

/** Names of devices for a list of ids. A device outside the caller's reach has no name in the result. */
export function visibleNames(
  devices: readonly DeviceName[],
  reach: Scope,
): Record<string, Pick<DeviceName, 'user' | 'hostname'>> {
  const visible = devices.filter((device) => inScope(reach, device));
  return Object.fromEntries(visible.map(({ id, user, hostname }) => [id, { user, hostname }]));
}

/** Device without address and location statement if the caller may not see its location. */
export function visibleDevice<D extends Device>(device: D, located: Scope): D {
  if (seesLocation(located, device)) return device;
  return { ...device, statement: null, presence: device.presence && { ...device.presence, address: null } };
}
