/** Builds the order list and says when it is to be made anew. The online key signs here; what it signs around it cannot make. */
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type OrderList, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import type { Instant } from '../../shared/time/clock.ts';

const DAY = 86_400_000;
/** A device that is offline may be late by six refreshes before its list expires. */
export const REFRESH_AFTER = DAY;
export const EXPIRES_AFTER = 7 * DAY;

export interface StoredList {
  readonly version: number;
  readonly envelope: Envelope;
  /** SHA-256 of the payload. */
  readonly hash: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

export function buildList(given: {
  readonly installation: string;
  readonly before: StoredList | null;
  readonly root: number;
  readonly revisions: readonly Envelope[];
  readonly now: Instant;
  readonly online: Signer;
}): StoredList {
  const { installation, before, root, revisions, now, online } = given;
  const list: OrderList = {
    installation,
    version: (before?.version ?? 0) + 1,
    previous: before?.hash ?? null,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + EXPIRES_AFTER).toISOString(),
    root,
    orders: [...revisions],
  };
  const payload = encodeCanonical(list);
  return {
    version: list.version,
    envelope: signEnvelope(PAYLOAD_TYPES.list, payload, [online]),
    hash: sha256(payload),
    issuedAt: now,
    expiresAt: now + EXPIRES_AFTER,
  };
}
