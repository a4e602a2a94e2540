import type { FactColumn } from '../fact-column.ts';
import type { Flag } from './flag.ts';

export interface DeviceListTables {
  /** Inventory facts of each device, one column each, for filters and columns of the device list. True is 1, false is 0. */
  device_facts: { device_id: string } & Record<FactColumn, string | number | null>;
  /**
   * Lists of texts in each device's inventory (`INVENTORY_LISTS`), for filters and columns of the device list. `entries`: the texts, each
   * between line feeds. A list whose section the device did not report has no row.
   */
  device_fact_lists: { device_id: string; field: string; entries: string };
  /** Names that admins gave to devices. A device without a name has no row. */
  display_names: { device_id: string; name: string };
  /** Saved views. `body`: JSON of the filter, the columns and the sort order. */
  device_views: {
    id: string;
    account_id: string;
    name: string;
    shared: Flag;
    body: string;
    changed_at: number;
  };
  /** Columns that an account has chosen, as a JSON array. */
  device_columns: { account_id: string; columns: string };
}
