/**
 * Entries of the ledger: actions for which outsiders can hold the operator to account. An entry contains the action, and a salted hash
 * (commitment) instead of the name of the person or device. Presence, inventory and evidence never become entries.
 */
import { z } from 'zod';

export const ENTRY_KINDS = [
  'certificate.issued',
  'certificate.revoked',
  'order.revision',
  'order.approval',
  /** Entry: the account of an approver was disabled while the approved revision was pending. */
  'order.approval-voided',
  /**
   * Entry: a pending proposal ended without adoption. `outcome` is the reason. `subject` is the person who ended the proposal; null if it
   * expired.
   */
  'order.proposal-ended',
  /** Entry: an admin read a part of a withheld order. The commitment covers admin, order and part (`withheld-particulars.ts`). */
  'order.read',
  /** Entry: a second person confirmed that a new proposal replaces the pending one. */
  'order.replacement-confirmed',
  'order.adopted',
  'order.executed',
  'order.list',
  /**
   * Entry: an admin recorded the operator's answer to an order's authority, or a step of an appeal. `record` is the number of the record
   * among the order's records. `digest` is the digest of the record.
   */
  'order.proceeding',
  'approvers.adopted',
  'role.granted',
  'role.revoked',
  /**
   * Entries: an owner (`subject`) created, changed or deleted a custom role. `role` is its random id, and `digest` the SHA-256 of its name,
   * description and rights.
   */
  'custom-role.created',
  'custom-role.changed',
  'custom-role.deleted',
  /**
   * Entry: an admin created a link that replaces an account's password and second factor, or the account holder used the link. `subject` is
   * the account.
   */
  'credentials.reset-link',
  'credentials.reset',
  /** Entry: an account holder signed in with a password and a recovery code, instead of a passkey. `subject` is the account. */
  'credentials.recovery-code',
  /** Entries: an account was linked to a person at the identity provider, or unlinked. `subject` is the account. */
  'identity.linked',
  'identity.unlinked',
  /** Entry: an account holder allowed a sign-in of the command line in the console. `subject` is the account. */
  'session.allowed',
  /**
   * Entry: an exit ended a device's enrollment and deleted its data on the server. `destroyed` is the hash of a description of this data.
   */
  'order.exited',
  'workspace.wipe',
  /**
   * Entry: an admin made a location statement that changes the verdict of `orders` for a device, or ended a statement (`until` null).
   * `people` is 2 if a second person confirmed the statement.
   */
  'location.stated',
  'ca.created',
  'crl.issued',
  'ip-database.activated',
  /** Entry: a territory policy became active. `hash` is the hash of its canonical text; null for the built-in version 0. */
  'territory-policy.activated',
  /**
   * Entry: an admin created a file that says which device is behind each pseudonym, encrypted to one recipient. `digest` is the file's
   * digest.
   */
  'names.sealed',
  /**
   * Entries: the server certified a device's messaging key, and the organization countersigned it. `digest` is the digest of the
   * certificate's payload.
   */
  'messaging-key.certified',
  'messaging-key.countersigned',
  /**
   * Entries about a legal hold. `subject` is the device, or the pseudonym of the person. `hold` is a random identifier of the legal hold.
   */
  'legal-hold.placed',
  'legal-hold.released',
  /** Entry: an admin started the server although its clock was implausible. `newest` is the newest time in the store before the start. */
  'clock.accepted',
  /**
   * Entry: the server created an encrypted backup. `sha256` is the hash of the file, `ledger` the number of ledger entries in the backup,
   * and `subject` the account that requested it.
   */
  'backup.created',
  /**
   * Entries about a destructive action that needs a second person. `subject` is the account that proposed, confirmed or declined the
   * action. `hash` is the hash of the action's content, and `devices` the number of devices. `assertion` is the SHA-256 of the assertion of
   * a passkey with which the account confirmed the action, if the account has a passkey.
   */
  'action.proposed',
  'action.confirmed',
  'action.declined',
  /**
   * Entry: the account `subject` confirmed an action of its own with a passkey. `hash` and `assertion` have the same meaning as in entries
   * about destructive actions.
   */
  'action.signed',
  /**
   * Entry: approvers signed a statement that the server's time was wrong from `from` to `until`. `digest` is the SHA-256 of the statement.
   */
  'time.corrected',
  /**
   * Entry: the server continued from a backup. `recoveryPoint` is the time of the backup. `backup` is the number of ledger entries in it.
   * `rejoined` is the number of published entries that came from a ledger copy.
   */
  'server.restored',
  /** Entry: an admin readmitted a device that enrolled or renewed its certificate after the recovery point. */
  'certificate.readmitted',
  /**
   * Entry: an admin (`subject`) resumed the ledger after a restore without a newer copy.
   * - `size`, `root`: size and root hash of the restored ledger.
   * - `largestReported`: largest reported size.
   * - `activeDevices`: active devices, of which `responded` responded and `checkpoints` reported a checkpoint.
   * - `savedCheckpoint`: 1 if the admin gave a saved checkpoint.
   */
  'ledger.resumed',
  /**
   * Entry: approvers continued the ledger under a new name after a loss of entries (ADR 39). `document` is the signed payload, `digest` its
   * SHA-256, and `size` the number of ledger entries before this entry.
   */
  'ledger.continued',
  /**
   * Entry: a device reported a larger loss than the approvers knew when they continued the ledger under a new name. `origin`, `size` and
   * `root` describe the earlier ledger that the device has seen.
   */
  'ledger.loss-reported',
  /**
   * Entries: two people pinned the age key of an authority, or one person ended its use. `subject` is the name and the key of the
   * authority.
   */
  'authority.pinned',
  'authority.revoked',
  /**
   * Entries about a request of an authority for the records of one person (ADR 54). `disclosure` is a random id of the request. `subject`
   * is the digest of the text, or of the refusal. `reason` is the reason of a refusal.
   */
  'disclosure.received',
  'disclosure.refused',
  'disclosure.approved',
  /** Entry: an admin read the lines that a request would produce. The server stores the entry before it shows the lines. */
  'disclosure.previewed',
  /**
   * Entry: the server sealed the records to the authority, once. `sha256` is the hash of the sealed file. `commitment` covers the lines
   * with a salt that only the sealed file contains.
   */
  'disclosure.produced',
  /** Entry: a device of the person stored the notice about the production. */
  'disclosure.notified',
  /** Entry: an admin read the openings (salts) of the entries about one subject. The commitment covers admin and subject. */
  'ledger.opened',
  /**
   * Entries about a policy: an admin (`subject`) created a version with this digest, made it apply to a share of the devices, assigned the
   * policy to groups, changed the order of precedence, or deleted it. `policy` is a random identifier.
   */
  'policy.version',
  'policy.rollout',
  'policy.assigned',
  'policy.ordered',
  'policy.deleted',
  /**
   * Entries about a script: an admin (`subject`) wrote a version, reviewed and signed it, or withdrew it. `digest` is the digest of the
   * signed statement, and `script` a random identifier.
   */
  'script.version',
  'script.reviewed',
  'script.withdrawn',
  /** Entry: an owner (`subject`) switched scripts on (1) or off (0) for all devices. */
  'scripts.switched',
  /** Entry: two people signed the dated transparency statement. `digest` is the SHA-256 of its payload. */
  'transparency.stated',
  /**
   * Entry: the server sealed a batch of the activity log (ADR 63). `subject` is the hash of the batch, and `batch` its number. The hash
   * continues the hash of the batch before.
   */
  'activity.sealed',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const entrySchema = z.strictObject({
  kind: z.enum(ENTRY_KINDS),
  /** Time of the action by the server's clock, in Unix milliseconds. */
  at: z.int().min(0),
  /** SHA-256 of salt and subject, in hex; null for an entry without a subject. */
  subject: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Public details of the action, such as a certificate's serial number or an order's number and digest; never a name. */
  public: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});
export type LedgerEntry = z.infer<typeof entrySchema>;

/** Salt and text behind an entry's commitment (salted hash). Only the operator has them, and reveals them to readers who need a proof. */
export const openingSchema = z.strictObject({
  /** Salt in hex. */
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string(),
});
export type Opening = z.infer<typeof openingSchema>;

/**
 * Ledger entry that still contains its subject as plain text. In the final entry, a salted hash replaces the subject. The store saves the
 * entry in the same transaction as the action that the entry records.
 */
export interface EntryDraft<K extends EntryKind = EntryKind> {
  readonly kind: K;
  readonly at: number;
  readonly subject: string | null;
  readonly public: LedgerEntry['public'];
}
