/**
 * Lists of texts in the inventory by which the device list filters, such as the names of local users. A list is null if the device did not
 * report its section. The functions are pure.
 */
import type { Inventory } from './inventory.ts';
import type { ReportedSection } from './sections.ts';

interface InventoryListDeclaration {
  readonly section: ReportedSection;
  readonly meaning: string;
  of(inventory: Inventory): readonly string[] | null;
}

const list = (
  section: ReportedSection,
  meaning: string,
  of: InventoryListDeclaration['of'],
): InventoryListDeclaration => ({ section, meaning, of });

const known = (texts: readonly (string | null)[] | undefined): readonly string[] | null =>
  texts === undefined ? null : [...new Set(texts.filter((text) => text !== null))];

export const INVENTORY_LISTS = {
  'disk.names': list('disks', 'Names of the disks', ({ disks }) => known(disks?.map(({ name }) => name))),
  'disk.unencrypted': list('disks', 'Names of the disks that are not encrypted', ({ disks }) =>
    known(disks?.filter(({ encrypted }) => encrypted === false).map(({ name }) => name)),
  ),
  'battery.names': list('battery', 'Names of the batteries', ({ battery }) => known(battery?.map(({ name }) => name))),
  'battery.states': list('battery', 'States of the batteries: charging, discharging, full or unknown', ({ battery }) =>
    known(battery?.map(({ state }) => state)),
  ),
  'updates.packages': list('updates', 'Names of the packages with a pending update', ({ updates }) =>
    known(updates?.packages.map(({ name }) => name)),
  ),
  'users.names': list('users', 'Names of the local user accounts', ({ users }) =>
    known(users?.map(({ name }) => name)),
  ),
  'users.adminNames': list('users', 'Names of the local user accounts that may administer the device', ({ users }) =>
    known(users?.filter(({ admin }) => admin === true).map(({ name }) => name)),
  ),
  'network.adapters': list('network', 'Names of the network adapters', ({ network }) =>
    known(network?.map(({ name }) => name)),
  ),
  'network.macs': list('network', 'Hardware addresses of the network adapters', ({ network }) =>
    known(network?.map(({ mac }) => mac)),
  ),
  'network.addresses': list('network', 'IP addresses of the network adapters', ({ network }) =>
    known(network?.flatMap(({ addresses }) => addresses)),
  ),
  'certificates.subjects': list('certificates', 'Subjects of the certificates that were added to the device', (all) =>
    known(all.certificates?.map(({ subject }) => subject)),
  ),
  'certificates.issuers': list('certificates', 'Issuers of the certificates that were added to the device', (all) =>
    known(all.certificates?.map(({ issuer }) => issuer)),
  ),
  'certificates.fingerprints': list('certificates', 'SHA-256 fingerprints of the added certificates', (all) =>
    known(all.certificates?.map(({ sha256 }) => sha256)),
  ),
} as const satisfies Record<string, InventoryListDeclaration>;

export type InventoryList = keyof typeof INVENTORY_LISTS;
export const INVENTORY_LIST_NAMES = Object.keys(INVENTORY_LISTS) as InventoryList[];
