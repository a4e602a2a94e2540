/** Builds the order list and says when it is to be made anew. The online key signs here; what it signs around it cannot make. */
import { CordonError } from '../../shared/errors.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type OrderList, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { MAX_FRAME_FROM_SERVER } from '../../shared/protocol/frames.ts';
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

/** In the frame that carries the list, for what stands around the orders and for the approvals that a new one is yet to get. */
const AROUND = 16 * 1024;

/**
 * Throws `too_large` when the list of these revisions, one of each order, could not go to a device in one frame. There a revision is base64 in base64.
 * Of what is not withdrawn there is room for two, so that nothing ever keeps an approver from holding it: the list of then has both (ADR 11).
 */
export function requireRoom(revisions: Iterable<{ readonly envelope: Envelope; readonly withdrawn: boolean }>): void {
  let bytes = AROUND;
  for (const { envelope, withdrawn } of revisions) {
    bytes += Math.ceil((JSON.stringify(envelope).length * 4) / 3) * (withdrawn ? 1 : 2);
  }
  if (bytes <= MAX_FRAME_FROM_SERVER) return;
  const [grown, most] = [bytes, MAX_FRAME_FROM_SERVER].map((each) => `${(each / 1_000_000).toFixed(1)} MB`);
  throw new CordonError(
    'too_large',
    `With this revision the list of all orders would need ${grown}, and a device takes ${most}: exempt fewer devices, or say it in fewer words or languages.`,
    { bytes, most: MAX_FRAME_FROM_SERVER },
  );
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
