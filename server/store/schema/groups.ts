export interface GroupTables {
  /**
   * Members of a group beside the devices whose primary group (`devices.group_id`) it is: devices that an admin added, or that the
   * expression of a dynamic group selects.
   */
  group_members: { group_id: string; device_id: string };
  /** Deleted groups whose rows in `group_members` the server still deletes, some at a time. */
  ended_groups: { group_id: string };
  /**
   * Devices with changed facts, until the server has evaluated the dynamic groups for them. `sources`: sum of bits of `FACT_SOURCES`.
   * `version`: number of changes, so that a change during the evaluation is not lost.
   */
  changed_facts: { device_id: string; sources: number; version: number };
}
