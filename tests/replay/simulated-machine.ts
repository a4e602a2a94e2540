/** Machine that a simulated device reports: its inventory, and the results of checks for policies. */
import { type CollectInventory, type Collectors, inventoryFrom } from '../../agent/inventory/collect.ts';
import { type CheckOutcome, type Checks, met, notMet } from '../../agent/policy/checks.ts';
import { judgeSystem } from '../../agent/policy/linux-checks.ts';
import { AGENT_VERSION } from '../../agent/version.ts';
import type { System } from '../../shared/inventory/inventory.ts';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';

/** Report of the machine about itself: hardware that does not exist is unknown. */
export interface Machine {
  readonly hostname: string;
  /** Simulated operating system of the device. The platform stays `simulated`. */
  readonly distro: string | null;
  readonly release: string | null;
  /** Absent: the device reports no more than its system, and cannot check settings of a policy. */
  readonly details?: MachineDetails;
}

export interface MachineDetails {
  /** Identifier and version in os-release(5). */
  readonly id: string;
  readonly version: string;
  readonly kernel: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly cpu: string;
  /** Capacity of the battery as a percentage of its design capacity. */
  readonly batteryHealth: number;
  readonly software: readonly SoftwareEntry[];
  readonly encrypted: boolean;
  readonly firewall: boolean;
  readonly automaticUpdates: boolean;
  /** Packages with a pending security update, and their new versions. */
  readonly securityUpdates: readonly { readonly name: string; readonly version: string }[];
}

const DISK = 512_110_190_592;
const MEMORY = 17_179_869_184;

const nothing = async () => null;

/** Reports of the machine. They pass through the collection of the real agent, which sorts and limits them. */
export function inventoryOf(machine: Machine): CollectInventory {
  const { details } = machine;
  const collectors: Collectors = {
    system: async () => systemOf(machine),
    disks: nothing,
    battery: nothing,
    updates: nothing,
    security: nothing,
    software: nothing,
    users: nothing,
    network: nothing,
    certificates: nothing,
    ...(details && collectorsOf(details)),
  };
  return inventoryFrom(collectors, (_, error) => {
    throw error;
  });
}

function collectorsOf(details: MachineDetails): Partial<Collectors> {
  const { batteryHealth, software, encrypted, firewall, securityUpdates } = details;
  const pending = securityUpdates.length;
  return {
    disks: async () => [{ name: 'nvme0n1', size: DISK, encrypted }],
    battery: async () => [{ name: 'BAT0', percent: 100, health: batteryHealth, cycles: null, state: 'full' }],
    updates: async () => ({
      checkedAt: null,
      pending,
      security: pending,
      restart: false,
      packages: [...securityUpdates],
    }),
    security: async () => ({ firewall, secureBoot: true }),
    software: async () => software,
  };
}

function systemOf({ hostname, distro, release, details }: Machine): System {
  const os = { platform: 'simulated', distro, release, arch: 'x64' };
  const unknown = { manufacturer: null, model: null, serial: null, uuid: null, cpu: null, cores: 2, memory: null };
  const rest = { agent: AGENT_VERSION, hostname, bootedAt: null };
  if (!details) return { ...rest, os: { ...os, id: null, version: null, kernel: null }, hardware: unknown };
  const { id, version, kernel, manufacturer, model, serial, cpu } = details;
  return {
    ...rest,
    os: { ...os, id, version, kernel },
    hardware: { ...unknown, manufacturer, model, serial, cpu, cores: 8, memory: MEMORY },
  };
}

export function checksOf({ id, version, encrypted, firewall, automaticUpdates }: MachineDetails): Checks {
  const judge = (isMet: boolean, good: string, bad: string) => async (): Promise<CheckOutcome> =>
    isMet ? met(good) : notMet(bad);
  return {
    'disk.encryption': judge(encrypted, 'Every disk is encrypted.', 'The disk nvme0n1 is not encrypted.'),
    'firewall.enabled': judge(firewall, 'The firewall blocks incoming connections.', 'No firewall is active.'),
    'updates.automatic': judge(automaticUpdates, 'Automatic updates are on.', 'Automatic updates are off.'),
    'os.minimum': async (wanted) => judgeSystem(`ID=${id}\nVERSION_ID="${version}"\n`, wanted),
  };
}
