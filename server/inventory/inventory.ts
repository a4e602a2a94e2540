/**
 * Inventory: what devices report about themselves, the software of the fleet, advisories, and the sections that the organization has
 * switched off. Records of a device's user (local users and network) are returned for one device at a time.
 */
import { CordonError } from '../../shared/errors.ts';
import { factsOf } from '../../shared/inventory/facts.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import { FIXED_SECTION, type Section } from '../../shared/inventory/sections.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createAdvisories } from './advisories.ts';
import { withoutSections } from './apply-report.ts';
import { createIntake, MOST_CHANGES_PER_DAY } from './intake.ts';
import type {
  AdvisoryStore,
  InventoryStore,
  ReportResult,
  SectionSettings,
  SettingsStore,
  SoftwareStore,
} from './ports.ts';
import { createSoftware } from './software.ts';

export interface InventoryStores {
  readonly inventories: InventoryStore;
  readonly software: SoftwareStore;
  readonly advisories: AdvisoryStore;
  readonly settings: SettingsStore;
}

export type Inventories = Awaited<ReturnType<typeof openInventories>>;

export async function openInventories({
  stores,
  bus,
  clock,
  mostChangesPerDay = MOST_CHANGES_PER_DAY,
}: {
  readonly stores: InventoryStores;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly mostChangesPerDay?: number;
}) {
  const { inventories, software, advisories, settings } = stores;
  const intake = createIntake(inventories, () => clock.now(), mostChangesPerDay);
  const fleetAdvisories = createAdvisories({ store: advisories, software, clock });
  let current = await settings.read();

  /** Stores a report durably. Returns `wanted` if the device must send its complete state. */
  async function put(device: DeviceId, report: InventoryReport): Promise<ReportResult> {
    const result = await intake({ device, report: withoutSections(report, current.off) });
    if (result === 'stored') bus.publish({ kind: 'devices' });
    return result;
  }

  /** Switches sections off. Sections that are absent from `off` are on. Devices learn the change at once or at their next connection. */
  async function switchOff(off: readonly Section[], by: string): Promise<SectionSettings> {
    if (off.includes(FIXED_SECTION)) {
      const detail = `The section ${FIXED_SECTION} is always on, because admins recognize devices by it.`;
      throw new CordonError('invalid_input', detail, { field: 'off' });
    }
    const next = { off: [...new Set(off)].sort(), at: clock.now(), by };
    await settings.write(next);
    current = next;
    bus.publish({ kind: 'inventory-sections' });
    return next;
  }

  async function advisoriesOf(device: DeviceId) {
    const [inventory, entries] = await Promise.all([inventories.inventory(device), inventories.softwareOf(device)]);
    return inventory && entries ? fleetAdvisories.ofDevice(inventory, entries) : [];
  }

  /** Facts of a device, for rules about devices. */
  async function facts(device: DeviceId) {
    const [inventory, entries] = await Promise.all([inventories.inventory(device), inventories.softwareOf(device)]);
    return factsOf(inventory, inventory?.missing.software ? null : entries);
  }

  return {
    put,
    of: (device: DeviceId) => inventories.inventory(device),
    softwareOf: (device: DeviceId) => inventories.softwareOf(device),
    facts,
    advisoriesOf,
    software: createSoftware(software),
    advisories: fleetAdvisories,
    sections: { current: () => current, switchOff },
  };
}
