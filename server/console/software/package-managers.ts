import type { SoftwareSource } from '../../../shared/inventory/software.ts';
import type { PackageManagerName } from '../../../shared/software/software-change.ts';

/** Package managers with which devices can change software, by the source that reports it. */
const MANAGERS: Readonly<Partial<Record<SoftwareSource, PackageManagerName>>> = {
  dpkg: 'apt',
  rpm: 'dnf',
  flatpak: 'flatpak',
};

export const managerOf = (source: SoftwareSource): PackageManagerName | null => MANAGERS[source] ?? null;
