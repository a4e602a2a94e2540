/** Machine that a simulated device reports: its inventory, and the results of checks for policies. */
import type { CollectInventory } from '../../agent/inventory/collect.ts';
import { type CheckOutcome, type Checks, met, notMet } from '../../agent/policy/checks.ts';
import { judgeSystem } from '../../agent/policy/linux-checks.ts';
import { AGENT_VERSION } from '../../agent/version.ts';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';
import { testState, testSystem } from '../support/inventory-state.ts';

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
  readonly manufacturer: string;
  readonly model: string;
  readonly software: readonly SoftwareEntry[];
  readonly encrypted: boolean;
  readonly firewall: boolean;
  readonly automaticUpdates: boolean;
  /** Number of pending security updates. */
  readonly securityUpdates: number;
}

const DISK = 512_110_190_592;
const MEMORY = 17_179_869_184;

export function inventoryOf({ hostname, distro, release, details }: Machine): CollectInventory {
  const os = { platform: 'simulated', distro, release };
  if (!details) return async () => report(hostname, testState(hostname, [], { os }));
  const { id, version, manufacturer, model, software, encrypted, firewall, securityUpdates } = details;
  const state = testState(hostname, software, {
    os: { ...os, id, version },
    disks: [{ name: 'nvme0n1', size: DISK, encrypted }],
    security: { firewall, secureBoot: true },
    updates: { checkedAt: null, pending: securityUpdates, security: securityUpdates, restart: false, packages: [] },
  });
  return async () => {
    const { sections, ...rest } = report(hostname, state);
    const hardware = { ...sections.system.hardware, manufacturer, model, cores: 8, memory: MEMORY };
    return { ...rest, sections: { ...sections, system: { ...sections.system, hardware } } };
  };
}

function report(hostname: string, { sections, ...state }: ReturnType<typeof testState>) {
  const system = { ...testSystem(hostname), ...sections.system, agent: AGENT_VERSION };
  return { ...state, sections: { ...sections, system } };
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
