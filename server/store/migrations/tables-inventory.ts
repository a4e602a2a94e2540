/** Tables of the software inventory and of advisories. `schema/inventory.ts` says what their columns mean. */
import type { Table } from '../create-tables.ts';

export const INVENTORY: Readonly<Record<string, Table>> = {
  software_titles: { columns: 'id serial, source text, name text', unique: ['name, source'] },
  software_versions: {
    columns: 'id serial, title_id int, version text, origin text',
    unique: ['title_id, version, origin'],
    references: { title_id: 'software_titles(id)' },
    special: { software_versions_by_origin: `(origin) where origin <> ''` },
  },
  software_devices: { columns: 'version_id int, chunk int, devices bytes', key: 'version_id, chunk', byKey: true },
  device_software: {
    columns: 'number serial, device_id text, state text, release text?, entries int, versions bytes',
    unique: ['device_id'],
    references: { device_id: 'devices(id)' },
  },
  advisories: {
    columns: `id text, summary text, details text, severity text?, aliases text, published_at int?, modified_at int,
      imported_at int`,
    key: 'id',
    indexes: ['modified_at, id'],
  },
  advisory_packages: {
    columns: 'advisory_id text, position int, source text, name text, release text?, ranges text',
    key: 'advisory_id, position',
    references: { advisory_id: 'advisories(id)' },
    indexes: ['name, source'],
    byKey: true,
  },
};
