/** Inventory of this machine. Each platform has one set of collectors. */
import type { Section } from '../../shared/inventory/sections.ts';
import { type CollectInventory, type Collectors, inventoryFrom } from './collect.ts';
import { networkOf, systemOf } from './machine.ts';

const nothing = async () => null;

/** Collectors for an unknown platform. They report only what Node.js knows. */
const otherCollectors: Collectors = {
  system: async () =>
    systemOf(
      { id: null, version: null, distro: null, release: null },
      { manufacturer: null, model: null, serial: null, uuid: null },
      null,
    ),
  disks: nothing,
  battery: nothing,
  updates: nothing,
  security: nothing,
  software: nothing,
  users: nothing,
  network: async () => networkOf(),
  certificates: nothing,
};

/** Loads the code of the platform at the first collection. */
export function machineInventory(
  platform: NodeJS.Platform,
  onFailure: (section: Section, error: unknown) => void,
): CollectInventory {
  return async (sections) => inventoryFrom(await collectorsOf(platform), onFailure)(sections);
}

async function collectorsOf(platform: NodeJS.Platform): Promise<Collectors> {
  switch (platform) {
    case 'linux':
      return (await import('./linux.ts')).linuxCollectors;
    case 'win32':
      return (await import('./windows.ts')).windowsCollectors;
    case 'darwin':
      return (await import('./macos.ts')).macosCollectors;
    default:
      return otherCollectors;
  }
}
