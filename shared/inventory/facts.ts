/**
 * Facts of a device: named and typed values that rules about devices can use, such as the expressions of dynamic groups and policies. The
 * functions are pure. A fact that the device did not report is unknown (null).
 */
import type { Inventory } from './inventory.ts';
import type { SoftwareEntry } from './software.ts';

/** Types of facts, with the names of the Common Expression Language. `map`: maps texts to texts. Times are Unix milliseconds (`int`). */
export type FactType = 'string' | 'int' | 'bool' | 'map';

interface FactTypes {
  readonly string: string;
  readonly int: number;
  readonly bool: boolean;
  readonly map: Readonly<Record<string, string>>;
}

interface Fact<Type extends FactType = FactType> {
  readonly type: Type;
  readonly meaning: string;
  /**
   * Value of the fact; null if it is unknown. `software`: null if the caller did not read the software list, which is large, or if the
   * section has no data.
   */
  of(inventory: Inventory, software: readonly SoftwareEntry[] | null): FactTypes[Type] | null;
}

const fact = <Type extends FactType>(type: Type, meaning: string, of: Fact<Type>['of']): Fact<Type> => ({
  type,
  meaning,
  of,
});

export const FACTS = {
  'agent.version': fact('string', 'Version of the agent', ({ system }) => system.agent),
  hostname: fact('string', 'Host name', ({ system }) => system.hostname),
  'os.platform': fact('string', 'Platform: linux, win32 or darwin', ({ system }) => system.os.platform),
  'os.id': fact('string', 'Distribution, such as debian, fedora, windows or macos', ({ system }) => system.os.id),
  'os.name': fact('string', 'Name of the operating system, as users know it', ({ system }) => system.os.distro),
  'os.version': fact('string', 'Version of the operating system', ({ system }) => system.os.version),
  'os.kernel': fact('string', 'Version of the kernel', ({ system }) => system.os.kernel),
  'os.release': fact(
    'string',
    'Release or build of the operating system, as the system reports it',
    ({ system }) => system.os.release,
  ),
  'os.arch': fact('string', 'Architecture of the processor', ({ system }) => system.os.arch),
  'os.bootedAt': fact('int', 'Time of the last start', ({ system }) => system.bootedAt),
  'os.patched': fact(
    'bool',
    'No security update is pending, or no update at all if the system does not mark security updates',
    ({ updates }) => {
      if (updates === undefined) return null;
      const open = updates.security ?? updates.pending;
      return open === null ? null : open === 0;
    },
  ),
  'os.needsRestart': fact('bool', 'An installed update needs a restart', ({ updates }) => updates?.restart ?? null),
  'os.updatesCheckedAt': fact(
    'int',
    'Time at which the system last fetched its list of updates',
    ({ updates }) => updates?.checkedAt ?? null,
  ),
  pendingUpdates: fact('int', 'Number of pending updates', ({ updates }) => updates?.pending ?? null),
  pendingSecurityUpdates: fact('int', 'Number of pending security updates', ({ updates }) => updates?.security ?? null),
  'hardware.manufacturer': fact('string', 'Manufacturer', ({ system }) => system.hardware.manufacturer),
  'hardware.model': fact('string', 'Model', ({ system }) => system.hardware.model),
  'hardware.serial': fact('string', 'Serial number', ({ system }) => system.hardware.serial),
  'hardware.uuid': fact('string', 'UUID of the hardware', ({ system }) => system.hardware.uuid),
  'hardware.processor': fact('string', 'Name of the processor', ({ system }) => system.hardware.cpu),
  'hardware.memory': fact('int', 'Memory in bytes', ({ system }) => system.hardware.memory),
  'hardware.cores': fact('int', 'Number of processor cores', ({ system }) => system.hardware.cores),
  'disk.encrypted': fact(
    'bool',
    'Every disk is encrypted. Unknown if the state of one disk is unknown',
    ({ disks }) => {
      if (disks === undefined || disks.length === 0) return null;
      if (disks.some(({ encrypted }) => encrypted === false)) return false;
      return disks.every(({ encrypted }) => encrypted === true) ? true : null;
    },
  ),
  'disk.count': fact('int', 'Number of disks', ({ disks }) => disks?.length ?? null),
  'disk.size': fact(
    'int',
    'Size of all disks together, in bytes. Unknown if the size of one disk is unknown',
    ({ disks }) =>
      disks === undefined || disks.some(({ size }) => size === null)
        ? null
        : disks.reduce((sum, { size }) => sum + (size ?? 0), 0),
  ),
  'battery.health': fact(
    'int',
    'Lowest capacity of a battery, in percent of its design capacity',
    ({ battery = [] }) => {
      const known = battery.flatMap(({ health }) => health ?? []);
      return known.length === 0 ? null : Math.min(...known);
    },
  ),
  'battery.percent': fact('int', 'Lowest charge of a battery, in percent', ({ battery = [] }) => {
    const known = battery.flatMap(({ percent }) => percent ?? []);
    return known.length === 0 ? null : Math.min(...known);
  }),
  'battery.cycles': fact('int', 'Highest number of charging cycles of a battery', ({ battery = [] }) => {
    const known = battery.flatMap(({ cycles }) => cycles ?? []);
    return known.length === 0 ? null : Math.max(...known);
  }),
  firewall: fact('bool', 'A firewall is active', ({ security }) => security?.firewall ?? null),
  secureBoot: fact('bool', 'Secure Boot is active', ({ security }) => security?.secureBoot ?? null),
  'users.count': fact('int', 'Number of local user accounts', ({ users }) => users?.length ?? null),
  'users.admins': fact('int', 'Number of local user accounts that may administer the device', ({ users }) =>
    users === undefined || users.some(({ admin }) => admin === null) ? null : users.filter(({ admin }) => admin).length,
  ),
  'certificates.count': fact(
    'int',
    'Number of certificates that were added to the device',
    ({ certificates }) => certificates?.length ?? null,
  ),
  'certificates.expireAt': fact(
    'int',
    'Expiry of the certificate that expires first. Unknown without a certificate',
    ({ certificates = [] }) =>
      certificates.length === 0 ? null : Math.min(...certificates.map(({ notAfter }) => notAfter)),
  ),
  software: fact(
    'map',
    'Installed software: version by name. If a name is installed more than once, the version that the device reported last',
    (_, software) => software && Object.fromEntries(software.map(([, name, version]) => [name, version])),
  ),
} as const satisfies Record<string, Fact>;

export type FactName = keyof typeof FACTS;
export const FACT_NAMES = Object.keys(FACTS) as FactName[];

/** Value of each fact; null if it is unknown. */
export type Facts = { readonly [Name in FactName]: FactTypes[(typeof FACTS)[Name]['type']] | null };

/** Facts of a device. `inventory`: null if the device has reported none; all facts are then unknown. */
export function factsOf(inventory: Inventory | null, software: readonly SoftwareEntry[] | null): Facts {
  const known = FACT_NAMES.map((name) => [name, inventory && FACTS[name].of(inventory, software)]);
  return Object.fromEntries(known) as Facts;
}
