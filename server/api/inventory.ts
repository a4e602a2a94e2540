import { deviceParams } from '../../shared/api/devices.ts';
import {
  deviceAdvisories,
  deviceFacts,
  deviceSoftware,
  deviceSoftwareQuery,
  inventoryQuery,
  inventorySections,
  inventorySectionsChange,
  inventoryView,
} from '../../shared/api/inventory.ts';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import { PERSONAL_FIELDS } from '../../shared/inventory/list-fields.ts';
import {
  FIXED_SECTION,
  PERSONAL_SECTIONS,
  SECTION_TEXTS,
  SECTIONS,
  type Section,
} from '../../shared/inventory/sections.ts';
import type { Admins } from '../admins/admins.ts';
import type { RightName } from '../admins/rights.ts';
import { type AccessScope, isAllowed } from '../admins/roles.ts';
import type { Devices } from '../devices/devices.ts';
import type { Device } from '../devices/ports.ts';
import { inScope } from '../devices/scope.ts';
import type { Inventories } from '../inventory/inventory.ts';
import type { SectionSettings } from '../inventory/ports.ts';
import { type Route, route } from './route.ts';

export interface InventoryPorts {
  readonly inventory: Pick<Inventories, 'of' | 'softwareOf' | 'facts' | 'advisoriesOf' | 'sections'>;
  readonly devices: Pick<Devices, 'get'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

type Demand = (right: RightName) => AccessScope;

/** Sections of a device that the caller's role does not show. */
export function withheldSections(device: Pick<Device, 'scopeGroups' | 'home'>, demand: Demand): readonly Section[] {
  const sees = isAllowed(() => demand('devices.personal-inventory'));
  const scope = sees ? demand('devices.personal-inventory').devices : [];
  return inScope(scope, { groups: device.scopeGroups, home: device.home }) ? [] : PERSONAL_SECTIONS;
}

/** Removes the sections that the caller may not see. */
export function visibleInventory<I extends Partial<Inventory>>(
  inventory: I | null,
  withheld: readonly Section[],
): I | null {
  if (inventory === null || withheld.length === 0) return inventory;
  const visible = { ...inventory };
  for (const section of withheld) if (section !== 'software' && section !== 'queries') delete visible[section];
  return visible;
}

export function inventoryRoutes(ports: InventoryPorts): Route[] {
  return [...deviceRoutes(ports), ...sectionRoutes(ports)];
}

function deviceRoutes({ inventory, devices }: InventoryPorts): Route[] {
  return [
    route({
      name: 'devices.inventory',
      method: 'get',
      path: '/devices/:id/inventory',
      summary: 'Show the inventory of a device, or one section of it',
      params: deviceParams,
      query: inventoryQuery,
      response: inventoryView,
      async handler({ params, query: { section }, scope, demand }) {
        const device = await devices.get(params.id, scope.devices);
        const withheld = withheldSections(device, demand);
        const stored = visibleInventory(await inventory.of(device.id), withheld);
        if (section === undefined || stored === null) return { inventory: stored, withheld };
        const { at, missing } = stored;
        const one = section === 'software' || section === 'queries' ? {} : { [section]: stored[section] };
        return { inventory: { at, missing, ...one }, withheld };
      },
    }),
    route({
      name: 'devices.software',
      method: 'get',
      path: '/devices/:id/software',
      summary: 'List the software of a device',
      params: deviceParams,
      query: deviceSoftwareQuery,
      response: deviceSoftware,
      async handler({ params, query, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const [stored, entries] = await Promise.all([inventory.of(id), inventory.softwareOf(id)]);
        if (entries === null || stored?.missing.software) return { software: null };
        const text = query.text?.toLowerCase() ?? '';
        const found = entries.filter(([, name]) => name.toLowerCase().includes(text));
        return { software: found.map(([source, name, version]) => ({ source, name, version })) };
      },
    }),
    route({
      name: 'devices.advisories',
      method: 'get',
      path: '/devices/:id/advisories',
      summary: 'List the advisories that affect a device, newest first',
      params: deviceParams,
      response: deviceAdvisories,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const found = await inventory.advisoriesOf(id);
        return { advisories: found.map(({ advisory, packages }) => ({ ...advisory, packages })) };
      },
    }),
    route({
      name: 'devices.facts',
      method: 'get',
      path: '/devices/:id/facts',
      summary: 'Show the facts of a device, which rules about devices use',
      params: deviceParams,
      response: deviceFacts,
      async handler({ params, scope, demand }) {
        const device = await devices.get(params.id, scope.devices);
        const facts = Object.entries(await inventory.facts(device.id));
        const isPersonal = (fact: string) => PERSONAL_FIELDS.some((personal) => personal === fact);
        const hides = withheldSections(device, demand).length > 0;
        return { facts: Object.fromEntries(facts.filter(([name]) => !(hides && isPersonal(name)))) };
      },
    }),
  ];
}

function sectionRoutes({ inventory: { sections }, admins }: InventoryPorts): Route[] {
  const view = async ({ off, at, by }: SectionSettings) => ({
    sections: SECTIONS.map((section) => ({
      section,
      ...SECTION_TEXTS[section],
      on: !off.includes(section),
      fixed: section === FIXED_SECTION,
      personal: PERSONAL_SECTIONS.some((one) => one === section),
    })),
    changedAt: at,
    changedBy: by === null ? null : ((await admins.namesOf(new Set([by])))[by] ?? by),
  });
  return [
    route({
      name: 'inventory-sections.show',
      method: 'get',
      path: '/inventory-sections',
      summary: 'Show the sections of the inventory, and which are switched off',
      response: inventorySections,
      handler: () => view(sections.current()),
    }),
    route({
      name: 'inventory-sections.change',
      method: 'post',
      path: '/inventory-sections',
      summary: 'Switch sections of the inventory off or on. Devices display an addition to their users first',
      body: inventorySectionsChange,
      response: inventorySections,
      handler: async ({ body, caller }) => view(await sections.switchOff(body.off, caller.account.id)),
    }),
  ];
}
