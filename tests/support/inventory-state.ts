/** States of a device's inventory for tests, and the reports that an agent would send. */
import { differenceOf } from '../../agent/inventory/difference.ts';
import type { Sections, System } from '../../shared/inventory/inventory.ts';
import type { InventoryReport, InventoryState } from '../../shared/inventory/report.ts';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';

const UNKNOWN = { manufacturer: null, model: null, serial: null, uuid: null, cpu: null, cores: 2, memory: null };

export const testSystem = (hostname: string | null, os: Partial<System['os']> = {}): System => ({
  agent: '0.1.0',
  hostname,
  os: { platform: 'linux', id: null, version: null, distro: null, release: null, kernel: null, arch: 'x64', ...os },
  hardware: UNKNOWN,
  bootedAt: null,
});

export const testState = (
  hostname: string | null,
  software: readonly SoftwareEntry[] = [],
  { os, ...sections }: Sections & { readonly os?: Partial<System['os']> } = {},
): InventoryState => ({ sections: { system: testSystem(hostname, os), ...sections }, missing: {}, software });

/** Report that changes the server's state from `base` to `state`. Throws if nothing changed or the change needs several reports. */
export function reportOf(state: InventoryState, base: InventoryState | null = null, at = 1): InventoryReport {
  const difference = differenceOf(base, state, at);
  if (!difference) throw new Error('nothing changed');
  return difference.report;
}

export const dpkg = (name: string, version: string, origin = ''): SoftwareEntry => ['dpkg', name, version, origin];
