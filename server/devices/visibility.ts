/**
 * Visibility of a device's location: its areas, its address and its location statement. A caller sees the location only if the caller's
 * role may read the device's evidence. Every API response with devices uses these functions.
 */
import type { Device, DeviceName } from './ports.ts';
import { inScope, type Scope } from './scope.ts';

/** Removes the location unless the caller may see it. `located`: the scope in which the caller may see locations. */
export function seesLocation(located: Scope, { scopeGroups, home }: Pick<Device, 'scopeGroups' | 'home'>): boolean {
  return inScope(located, { groups: scopeGroups, home });
}

/** Names of devices by id. A device outside the caller's scope is absent from the result. */
export function visibleNames(
  devices: readonly DeviceName[],
  scope: Scope,
): Record<string, Pick<DeviceName, 'user' | 'hostname' | 'displayName'>> {
  const visible = devices.filter((device) => inScope(scope, device));
  return Object.fromEntries(
    visible.map(({ id, user, hostname, displayName }) => [id, { user, hostname, displayName }]),
  );
}

export function visibleDevice<D extends Device>(device: D, located: Scope): D {
  if (seesLocation(located, device)) return device;
  return { ...device, statement: null, presence: device.presence && { ...device.presence, address: null } };
}
