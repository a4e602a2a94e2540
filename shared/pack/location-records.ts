/**
 * Records of an admin's location changes that change which services an order suspends for a device. The ledger entry `location.stated`
 * contains the record's digest. The record has only a salted hash of the admin's reason, because the reason may name a person.
 */
import { z } from 'zod';
import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { sha256Hex, timestamp } from '../order/documents.ts';
import { accountIdSchema } from '../protocol/ids.ts';
import { handleSchema } from './format.ts';

const area = z.string().regex(/^[A-Z][A-Za-z0-9+!@-]{1,63}$/);

export const locationRecordSchema = z.strictObject({
  /** Salt, so that readers of the public digest cannot guess the content. */
  salt: sha256Hex,
  /**
   * Kind of the location change. `presence` and `home` are location statements. `ended` is the early end of a statement. `assignment` is
   * another home area or legal seat.
   */
  kind: z.enum(['presence', 'home', 'ended', 'assignment']),
  /** Areas of a location statement; empty for other kinds of location changes. */
  areas: z.array(area).max(16),
  until: timestamp.nullable(),
  /** Home area and legal seat that are assigned to the device after the change. Location statements are not considered. */
  home: area.nullable(),
  seat: area.nullable(),
  at: timestamp,
  by: accountIdSchema,
  confirmedBy: accountIdSchema.nullable(),
  /** Salted SHA-256 of the admin's reason for the location change. */
  reason: sha256Hex.nullable(),
});
export type LocationRecord = z.infer<typeof locationRecordSchema>;

/**
 * Location record with the pseudonym of its device. The ledger entry contains only a salted hash of the device. The ledger therefore does
 * not prove that the pseudonym is correct, and auditors must trust the operator's statement.
 */
const packedLocationSchema = locationRecordSchema.extend({ device: handleSchema });
export type PackedLocation = z.infer<typeof packedLocationSchema>;

export const locationsSchema = z.array(packedLocationSchema).min(1).max(100_000);

/**
 * Returns the SHA-256 of a location record in hex, for the ledger. The record contains a random salt, so that readers of the ledger cannot
 * guess the content from the digest.
 */
export function locationDigest({
  salt,
  kind,
  areas,
  until,
  home,
  seat,
  at,
  by,
  confirmedBy,
  reason,
}: LocationRecord): string {
  return sha256(canonicalText({ salt, kind, areas, until, home, seat, at, by, confirmedBy, reason }));
}

/** Location change in words for the report and the summary, such as `Stated location DE until …`. */
export function locationWords({ kind, areas, until, home, seat }: LocationRecord): string {
  switch (kind) {
    case 'presence':
      return `stated location ${areas.join(' or ')} until ${until}`;
    case 'home':
      return `stated home ${areas.join(' or ')} until ${until}`;
    case 'ended':
      return 'location statement ended';
    case 'assignment':
      return `home set to ${home ?? 'none'}, seat set to ${seat ?? 'none'}`;
  }
}

export const confirmedWords = ({ by, confirmedBy }: Pick<LocationRecord, 'by' | 'confirmedBy'>): string =>
  confirmedBy === null ? `by ${by}, not confirmed by a second admin` : `by ${by}, confirmed by ${confirmedBy}`;
