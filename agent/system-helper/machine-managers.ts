/** Package managers that a machine has. A name of software concerns each of them, in this order. */
import type { PackageManagerName } from '../../shared/software/software-change.ts';
import type { PackageManager } from './package-manager.ts';

export type PackageManagers = Readonly<Record<PackageManagerName, PackageManager>>;

/** Package manager of the operating system: apt, or dnf on a machine without apt. Null without both. */
export async function systemManager(managers: PackageManagers): Promise<'apt' | 'dnf' | null> {
  for (const name of ['apt', 'dnf'] as const) if (await managers[name].available()) return name;
  return null;
}

/** Package manager of the operating system, and then flatpak. */
export async function machineManagers(managers: PackageManagers): Promise<PackageManagerName[]> {
  const system = await systemManager(managers);
  const others = (await managers.flatpak.available()) ? (['flatpak'] as const) : [];
  return system === null ? [...others] : [system, ...others];
}
