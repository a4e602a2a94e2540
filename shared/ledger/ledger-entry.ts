/**
 * Entries of the ledger: actions for which outsiders can hold the operator to account. An entry contains the action, and a salted
 * commitment to the person or device. Presence, inventory and evidence are never entries.
 */
import { z } from 'zod';

export const ENTRY_KINDS = [
  'certificate.issued',
  'certificate.revoked',
  'order.revision',
  'order.approval',
  /** The account that gave the approval was disabled while the revision was pending. */
  'order.approval-voided',
  /** A pending proposal ended without adoption; `outcome` is the reason. `subject`: the person who ended it; null: the proposal expired. */
  'order.proposal-ended',
  /** An admin read a part of a withheld order. The commitment covers admin, order and part (`kept-particulars.ts`). */
  'order.read',
  /** A second person confirmed that a new proposal replaces the pending one. */
  'order.replacement-confirmed',
  'order.adopted',
  'order.executed',
  'order.list',
  /**
   * An admin recorded an answer to the authority, or a step of an appeal. `entry`: number among the order's records. `digest`: of the
   * record.
   */
  'order.proceeding',
  'approvers.adopted',
  'role.granted',
  'role.revoked',
  /** An admin created a link that replaces an account's password and second factor; the person used the link. `subject`: the account. */
  'credentials.reset-link',
  'credentials.reset',
  /** An exit ended a device's enrollment and destroyed its data on the server. `destroyed`: hash of the destroyed data's description. */
  'order.exited',
  'workspace.wipe',
  /**
   * An admin's location statement that changes the verdict of `orders` for a device, or the end of a statement (`until` null). `people`: 2
   * if a second person confirmed it.
   */
  'location.stated',
  'ca.created',
  'crl.issued',
  'ip-database.activated',
  /** The territory policy that applies from now on. `hash`: of its canonical text; null for the built-in version 0. */
  'disputed-policy.activated',
  /** An admin created a file with the names behind device handles, sealed to one recipient. `digest`: of the file. */
  'names.sealed',
  /** The server certified a device's messaging key; then the organization countersigned it. `digest`: of the certificate's payload. */
  'messaging-key.certified',
  'messaging-key.countersigned',
  /** `subject`: the device, or the person's handle. `hold`: random identifier of the legal hold. */
  'legal-hold.placed',
  'legal-hold.released',
  /** An admin started the server although its clock was implausible. `newest`: the newest time in the store before. */
  'clock.accepted',
  /** An encrypted backup was created. `sha256`: of the file. `ledger`: number of entries in it. `subject`: the requesting account. */
  'backup.created',
  /** A destructive action that needs a second person. `subject`: the account. `hash`: of the content. `devices`: their number. */
  'action.proposed',
  'action.confirmed',
  'action.declined',
  /** Approvers stated that the server's time was wrong from `from` to `until`. `digest`: of the document's payload. */
  'time.corrected',
  /**
   * The server continued from a backup. `recoveryPoint`: time of the backup. `backup`: number of entries in it. `rejoined`: number of
   * published entries from a ledger copy.
   */
  'server.restored',
  /** The store accepted a device again that enrolled or renewed after the recovery point. */
  'certificate.readmitted',
  /**
   * After a restore without a newer copy, an admin (`subject`) resumed the ledger from the restored tree of `size` and `root`. `shown`: the
   * largest tree that a device or file showed. `checkpoints`: number of the `answered` devices, out of `active`, that showed a checkpoint.
   * `file`: 1 if a stored checkpoint was given.
   */
  'ledger.resumed',
  /**
   * Approvers continued the ledger under a new name after a loss of entries (ADR 39). `document`: the signed payload. `digest`: its
   * SHA-256. `size`: number of entries before this one.
   */
  'ledger.continued',
  /** After a continuation, a device showed a tree (`origin`, `size`, `root`) with more entries than the continuation states as lost. */
  'ledger.loss-shown',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const entrySchema = z.strictObject({
  kind: z.enum(ENTRY_KINDS),
  /** Time of the change by the server's clock, Unix milliseconds. */
  at: z.int().min(0),
  /** SHA-256 of salt and subject, hex; null: no subject. */
  subject: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /**
   * Public particulars, such as a serial or an order's number and digest. Never a name. `kept-particulars.ts` has those of a withheld
   * order.
   */
  public: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});
export type LedgerEntry = z.infer<typeof entrySchema>;

/** Opening of an entry's commitment. Only the operator has the opening, and passes it to readers who need the proof. */
export const openingSchema = z.strictObject({
  /** Salt of the commitment in hex. */
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string(),
});
export type Opening = z.infer<typeof openingSchema>;

/** Entry that a change passes to the store, before the subject is hidden in a commitment. */
export interface EntryDraft<K extends EntryKind = EntryKind> {
  readonly kind: K;
  readonly at: number;
  readonly subject: string | null;
  readonly public: LedgerEntry['public'];
}
