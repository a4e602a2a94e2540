/**
 * An admin's change of a device's location that changes an order's verdict: a location statement, its end, or another home or seat. The
 * ledger entry `location.stated` contains the record's digest, and an evidence pack contains the record. The reason stays with the
 * operator, because it may name a person.
 */
import { z } from 'zod';
import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { sha256Hex, timestamp } from '../order/documents.ts';
import { accountIdSchema } from '../protocol/ids.ts';
import { handleSchema } from './format.ts';

const area = z.string().regex(/^[A-Z][A-Za-z0-9+!@-]{1,63}$/);

export const locationRecordSchema = z.strictObject({
  /** Random value: without it, the public digest would allow guessing the content. */
  salt: sha256Hex,
  /** `presence` and `home` are location statements. `ended`: the end of a statement before its time. `assignment`: another home or seat. */
  kind: z.enum(['presence', 'home', 'ended', 'assignment']),
  /** Areas of a location statement; no areas for the other kinds of records. */
  areas: z.array(area).max(16),
  until: timestamp.nullable(),
  /** The device's own home and seat after the change, without statements. */
  home: area.nullable(),
  seat: area.nullable(),
  at: timestamp,
  by: accountIdSchema,
  /** The second admin, who confirmed the change. */
  confirmedBy: accountIdSchema.nullable(),
  /** Salted SHA-256 of the change's reason. */
  reason: sha256Hex.nullable(),
});
export type LocationRecord = z.infer<typeof locationRecordSchema>;

/** The device in the record is the operator's own statement: the ledger entry commits to it. */
const packedLocationSchema = locationRecordSchema.extend({ device: handleSchema });
export type PackedLocation = z.infer<typeof packedLocationSchema>;

/** Location changes in ledger order. */
export const locationsSchema = z.array(packedLocationSchema).min(1).max(100_000);

/** SHA-256 of the change, hex, as in the ledger entry. Without the salt, it reveals nothing. */
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

/** Text such as `Stated location DE until …`, for the report and the summary. */
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
