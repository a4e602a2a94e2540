/** Builds the order list. The server's online key signs only the list as a whole and cannot create the approvals inside the list. */
import { CordonError } from '../../../shared/errors.ts';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { type Envelope, type OrderList, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../../shared/order/dsse.ts';
import { MAX_FRAME_FROM_SERVER } from '../../../shared/protocol/frames.ts';
import type { Instant } from '../../../shared/time/clock.ts';

const DAY = 86_400_000;
/** A list is valid for a week, so an offline device can miss six daily lists before its list expires. */
export const REFRESH_AFTER = DAY;
export const EXPIRES_AFTER = 7 * DAY;

export interface StoredList {
  readonly version: number;
  readonly envelope: Envelope;
  readonly hash: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/**
 * Bytes reserved in the frame of an order list, whose size is limited. The reserve is for the approvals of a new revision and for
 * everything that is not an order.
 */
const AROUND = 16 * 1024;

/**
 * Throws `too_large` if an order list with the given revisions does not fit into one frame. A revision is encoded in base64 twice: alone,
 * and again within the list.
 *
 * An order that is not withdrawn counts as two revisions. The list of a paused order contains two, and approvers must always be able to
 * pause an order (ADR 11).
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
    `With this revision the order list would have ${grown}, and devices accept ${most} at most. Exempt fewer devices, or shorten the texts or their number of languages.`,
    { bytes, most: MAX_FRAME_FROM_SERVER },
  );
}

export function buildList(input: {
  readonly installation: string;
  readonly before: StoredList | null;
  readonly approverSet: number;
  readonly revisions: readonly Envelope[];
  readonly now: Instant;
  readonly online: Signer;
}): StoredList {
  const { installation, before, approverSet, revisions, now, online } = input;
  const list: OrderList = {
    installation,
    version: (before?.version ?? 0) + 1,
    previous: before?.hash ?? null,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + EXPIRES_AFTER).toISOString(),
    approverSet,
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
