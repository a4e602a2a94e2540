/** Codes of alerts that may mean an attack. A flood of other alerts never replaces or hides these alerts. */
export const GRAVE_ALERTS: ReadonlySet<string> = new Set([
  'taken_over',
  'unverified_member',
  'list_forked',
  'list_older',
  'list_other_installation',
  'ledger_forked',
  'ledger_continued',
  'ledger_loss_larger',
  'ledger_older',
  'ledger_not_cosigned',
  'order_missing',
  'order_unverified',
  'record_older',
  'approver_set_older',
  'signature_invalid',
  'state_copied',
]);
