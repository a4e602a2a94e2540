import type { Generated } from 'kysely';

export interface InventoryTables {
  /** Software titles, each once for the whole fleet. `source`: package manager or system list. */
  software_titles: { id: Generated<number>; source: string; name: string };
  /** Versions of each title. `origin`: source package, as in `SoftwareEntry`. */
  software_versions: { id: Generated<number>; title_id: number; version: string; origin: string };
  /**
   * Devices that have a version: for each chunk of 4,096 device numbers, the numbers in compact form (`device-chunk.ts`). A chunk without
   * devices has no row.
   */
  software_devices: { version_id: number; chunk: number; devices: Buffer };
  /**
   * Software list of each device. `number`: number of the device in `software_devices`. `state`: digest of the newest report. `release`:
   * distribution and version, for advisories. `versions`: ids of `software_versions` in compact form (`version-ids.ts`); `entries`: number
   * of these ids.
   */
  device_software: {
    number: Generated<number>;
    device_id: string;
    state: string;
    release: string | null;
    entries: number;
    versions: Buffer;
  };
  /** Imported advisories. `aliases`: JSON array. */
  advisories: {
    id: string;
    summary: string;
    details: string;
    severity: string | null;
    aliases: string;
    published_at: number | null;
    modified_at: number;
    imported_at: number;
  };
  /** Packages that an advisory names. `ranges`: affected versions as JSON (`rangesSchema`). */
  advisory_packages: {
    advisory_id: string;
    position: number;
    source: string;
    name: string;
    release: string | null;
    ranges: string;
  };
}
