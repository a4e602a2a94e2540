import { randomBytes } from 'node:crypto';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { subjectCommitment } from '../../shared/ledger/make-entry.ts';
import { type LocationRecord, locationDigest } from '../../shared/pack/location-records.ts';
import type { AccountId, DeviceId } from '../../shared/protocol/ids.ts';
import type { LocationEntry, Statement } from './ports.ts';

/**
 * Details of an admin's location change that changes the effect of orders on the device. `orders`: these orders. `by` and `confirmedBy`:
 * the admins who made and confirmed the change.
 */
export interface LocationOverride {
  readonly orders: readonly string[];
  readonly by: AccountId;
  readonly confirmedBy: AccountId | null;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
}

/**
 * Creates the ledger entry for an admin's change of a device's location. The ledger is public, so the entry contains only a digest of the
 * areas and of the reason. The operator's store contains the texts.
 */
export function locationEntry(
  device: DeviceId,
  statement: Omit<Statement, 'at'> | null | undefined,
  { orders, by, confirmedBy, home, seat }: LocationOverride,
  at: number,
): LocationEntry {
  const reason = statement ? { text: statement.reason, salt: randomBytes(32) } : null;
  const record: LocationRecord = {
    salt: randomBytes(32).toString('hex'),
    kind: statement === undefined ? 'assignment' : statement === null ? 'ended' : statement.kind,
    areas: [...(statement?.areas ?? [])],
    until: statement ? new Date(statement.until).toISOString() : null,
    home,
    seat,
    by,
    confirmedBy,
    at: new Date(at).toISOString(),
    reason: reason && subjectCommitment(reason.salt, reason.text),
  };
  const particulars = {
    orders: orders.join(' '),
    until: statement?.until ?? null,
    people: confirmedBy === null ? 1 : 2,
    digest: locationDigest(record),
  };
  return {
    entry: { kind: 'location.stated', at, subject: device, public: particulars },
    orders,
    record,
    reason: reason && { text: reason.text, salt: reason.salt.toString('hex') },
  };
}
