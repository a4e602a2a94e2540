/** Ports of the inventory: reports of devices, the software of the fleet, advisories, and the sections that are switched off. */
import type { AdvisoryPackage } from '../../shared/inventory/advisory.ts';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import type { Section } from '../../shared/inventory/sections.ts';
import type { SoftwareEntry, SoftwareSource } from '../../shared/inventory/software.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';
import type { DeviceSet } from './device-set.ts';

/**
 * Result of a report. `stored`: the report is stored. `unchanged`: it was stored before. `wanted`: the server does not have the report's
 * base, or the number of entries does not match, so nothing was changed and the device must send its complete state.
 */
export type ReportResult = 'stored' | 'unchanged' | 'wanted';

export interface DeviceReport {
  readonly device: DeviceId;
  readonly report: InventoryReport;
}

export interface InventoryStore {
  /** Stores one report of each of several devices in one transaction. The results are in the order of the reports. */
  put(reports: readonly DeviceReport[]): Promise<readonly ReportResult[]>;
  inventory(device: DeviceId): Promise<Inventory | null>;
  /** Software of one device, by source and name; null if the device has not reported. */
  softwareOf(device: DeviceId): Promise<readonly SoftwareEntry[] | null>;
}

export interface Title {
  readonly id: number;
  readonly source: SoftwareSource;
  readonly name: string;
}

export interface Version {
  readonly id: number;
  readonly title: number;
  readonly version: string;
  readonly origin: string;
}

export interface TitleQuery {
  /** Part of the name; `exact` compares the whole name. */
  readonly text: string | null;
  readonly exact: string | null;
  readonly source: SoftwareSource | null;
  readonly after: { readonly name: string; readonly source: string } | null;
  readonly limit: number;
}

/** Device in a list of devices with a title. */
export interface SoftwareDevice {
  readonly number: number;
  readonly device: DeviceId;
  readonly user: string;
  readonly hostname: string | null;
  readonly release: string | null;
  /** Ids of all versions on the device. */
  readonly versions: readonly number[];
}

/** Active devices within a scope that have reported software. `byRelease`: the same devices by distribution and version. */
export interface ReportedDevices {
  readonly all: DeviceSet;
  readonly byRelease: ReadonlyMap<string, DeviceSet>;
}

export interface SoftwareStore {
  titles(query: TitleQuery): Promise<readonly Title[]>;
  title(id: number): Promise<Title | null>;
  versions(titles: readonly number[]): Promise<readonly Version[]>;
  /** Titles and versions of packages that a package manager calls `name`, or that were built from the source package `name`. */
  ofPackage(source: SoftwareSource, name: string): Promise<readonly (Version & { readonly name: string })[]>;
  /** Sets of devices, one for each of the given versions. Versions without devices are absent. */
  devicesWith(versions: readonly number[]): Promise<ReadonlyMap<number, DeviceSet>>;
  reported(scope: Scope): Promise<ReportedDevices>;
  /** Finds devices by their numbers, in ascending order. Leaves out devices that are inactive or outside the scope. */
  devices(numbers: readonly number[], scope: Scope): Promise<readonly SoftwareDevice[]>;
  /** Removes versions and titles that no device has. Returns their number. */
  removeUnused(): Promise<number>;
}

export interface Advisory {
  readonly id: string;
  readonly summary: string;
  readonly details: string;
  readonly severity: string | null;
  readonly aliases: readonly string[];
  readonly publishedAt: number | null;
  readonly modifiedAt: number;
  readonly importedAt: number;
}

export interface NewAdvisory {
  readonly advisory: Advisory;
  readonly packages: readonly AdvisoryPackage[];
}

export interface AdvisoryQuery {
  readonly text: string | null;
  readonly after: { readonly modifiedAt: number; readonly id: string } | null;
  readonly limit: number;
}

export interface AdvisoryStore {
  /** Stores advisories, and replaces stored ones with the same id unless they are newer. Returns the number of changed advisories. */
  put(advisories: readonly NewAdvisory[]): Promise<number>;
  /** Removes advisories that their publisher has withdrawn. */
  remove(ids: readonly string[]): Promise<number>;
  list(query: AdvisoryQuery): Promise<readonly Advisory[]>;
  get(id: string): Promise<Advisory | null>;
  packagesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly AdvisoryPackage[]>>;
  /** Advisories that name one of the packages, with this package. */
  naming(
    names: readonly { readonly source: SoftwareSource; readonly name: string }[],
  ): Promise<readonly (AdvisoryPackage & { readonly advisory: string })[]>;
}

/** Sections that the organization has switched off. `at` and `by`: the newest change; null before the first. */
export interface SectionSettings {
  readonly off: readonly Section[];
  readonly at: number | null;
  readonly by: string | null;
}

export interface SettingsStore {
  read(): Promise<SectionSettings>;
  write(settings: SectionSettings): Promise<void>;
}
