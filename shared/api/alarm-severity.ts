/** Alarms that may mean an attack. A flood of other alarms never replaces or hides them. */
export const GRAVE_ALARMS: ReadonlySet<string> = new Set([
  'taken_over',
  'ghost_member',
  'list_forked',
  'list_older',
  'list_other_installation',
  'ledger_forked',
  'ledger_older',
  'order_missing',
  'order_unverified',
  'record_older',
  'root_older',
  'signature_invalid',
  'state_copied',
]);
