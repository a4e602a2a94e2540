/**
 * What becomes a leaf: everything that an outsider may hold the operator to, and nothing else. A leaf says what happened and hides to
 * whom behind a salted commitment; presence, inventory and evidence are never leaves.
 */
import { z } from 'zod';

export const LEAF_KINDS = [
  'certificate.issued',
  'certificate.revoked',
  'order.revision',
  'order.approval',
  /** The account that gave the approval was disabled while the revision was pending. */
  'order.approval-voided',
  'order.adopted',
  'order.executed',
  'order.list',
  'approvers.adopted',
  'role.granted',
  'role.revoked',
  /** A link was made that replaces an account's password and second factor; then the link was used. `subject` is the account. */
  'credentials.reset-link',
  'credentials.reset',
  /** By an exit one device's enrolment was ended, and what was held for it destroyed: `destroyed` is the hash of what went. */
  'order.exited',
  'workspace.wipe',
  'ca.created',
  'crl.issued',
  'ip-database.activated',
  /** Which policy of disputed ground stands from now on. `hash` is of its canonical text; null for version 0, which is built in. */
  'disputed-policy.activated',
  /** A file of the names behind a rehearsal's or a pack's handles was made, sealed to somebody. `digest` is of the file. */
  'names.sealed',
  /** The server says whose messaging key it is; then the organisation does. `digest` is of the certificate's payload. */
  'messaging-key.certified',
  'messaging-key.countersigned',
  /** `subject` is the device, or the person by their handle; `hold` is the hold's own random id. */
  'legal-hold.placed',
  'legal-hold.released',
  /** An admin let the server start although its clock was implausible. `newest`: the newest time in the store before. */
  'clock.accepted',
  /** An encrypted copy of everything was made. `sha256` is of the file, `ledger` the number of entries in it. `subject` is the account that asked. */
  'backup.created',
  /** A destructive action that needs a second person. `subject` is the account; `hash` fixes the content; `devices` counts them. */
  'action.proposed',
  'action.confirmed',
  'action.declined',
  /** Approvers stated that the server's time was wrong from `from` to `until`. `digest` is of the document's payload. */
  'time.corrected',
  /**
   * The server continued from a backup. `recoveryPoint` is the time of the backup, `backup` the number of entries in it, `rejoined` how many published
   * entries a kept copy brought back.
   */
  'server.restored',
  /** A device that enrolled or renewed after the recovery point is known again. */
  'certificate.readmitted',
] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

export const leafSchema = z.strictObject({
  kind: z.enum(LEAF_KINDS),
  /** Unix milliseconds, by the server's clock at the time of the change. */
  at: z.int().min(0),
  /** SHA-256 over salt and subject, hex; null when the leaf is about nobody. */
  subject: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Public particulars: a serial, an order's number and digest. Never a name. See `kept-particulars.ts` for those of a withheld order. */
  public: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});
export type Leaf = z.infer<typeof leafSchema>;

/** What opens a leaf's commitment; only the operator has it, and gives it to whom it is to be proved. */
export const openingSchema = z.strictObject({
  /** Hex. */
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string(),
});
export type Opening = z.infer<typeof openingSchema>;

/** What a change hands to the store together with itself. `subject` is what the commitment will hide. */
export interface LeafDraft<K extends LeafKind = LeafKind> {
  readonly kind: K;
  readonly at: number;
  readonly subject: string | null;
  readonly public: Leaf['public'];
}
