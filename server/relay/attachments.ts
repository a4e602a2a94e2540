/** Attachments: sealed bytes under a name that only those know who were told of it. Whoever is enrolled and knows it may fetch them. */
import { CordonError } from '../../shared/errors.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { type MessagingGate, requireMessaging } from './denials.ts';
import type { Enrolment } from './ports.ts';

const DAY = 86_400_000;
/** Domain time; `server/store/retention.ts` removes them afterwards. */
const ATTACHMENT_KEPT_FOR = 30 * DAY;
/** Of one device at one time. */
export const MOST_ATTACHED = 200 * 1024 * 1024;
/** Uploads that are held in memory at one time, in all and of one device. */
const AT_ONCE = 32;
const AT_ONCE_OF_ONE = 2;

export interface Attachment {
  readonly id: string;
  readonly enrolment: Enrolment;
  readonly bytes: Buffer;
  readonly at: Instant;
}

export interface AttachmentStore {
  /**
   * The same bytes by the same device again change nothing. Throws `conflict` when the name is taken by others, and `too_large` when the device's
   * attachments of `since` and later would be more than `most` bytes.
   */
  put(attachment: Attachment, limit: { readonly since: Instant; readonly most: number }): Promise<void>;
  /** Null when there is none of `since` or later. */
  get(id: string, since: Instant): Promise<Buffer | null>;
}

export interface Attachments {
  /** `read` is called once there is room for it. Throws `service_denied`, `unavailable` and what the store throws. */
  put(enrolment: Enrolment, id: string, read: () => Promise<Buffer>): Promise<void>;
  /** Throws `service_denied` and `not_found`. */
  get(enrolment: Enrolment, id: string): Promise<Buffer>;
}

export function createAttachments({
  store,
  gate,
  clock,
}: {
  readonly store: AttachmentStore;
  readonly gate: MessagingGate;
  readonly clock: Clock;
}): Attachments {
  const underWay = new Map<string, number>();
  let all = 0;
  const since = () => clock.now() - ATTACHMENT_KEPT_FOR;

  async function withRoom<T>(device: string, work: () => Promise<T>): Promise<T> {
    const own = underWay.get(device) ?? 0;
    if (all >= AT_ONCE || own >= AT_ONCE_OF_ONE) {
      throw new CordonError('unavailable', 'Too many attachments come at once; try again.', { retryAfter: 2 });
    }
    all += 1;
    underWay.set(device, own + 1);
    try {
      return await work();
    } finally {
      all -= 1;
      const left = (underWay.get(device) ?? 1) - 1;
      if (left > 0) underWay.set(device, left);
      else underWay.delete(device);
    }
  }

  return {
    async put(enrolment, id, read) {
      await requireMessaging(gate, enrolment.device);
      await withRoom(enrolment.device, async () => {
        const bytes = await read();
        // A file may be long under way, and an order may have begun meanwhile.
        await requireMessaging(gate, enrolment.device);
        if (bytes.length === 0) throw new CordonError('invalid_input', 'An attachment has at least one byte.');
        await store.put({ id, enrolment, bytes, at: clock.now() }, { since: since(), most: MOST_ATTACHED });
      });
    },
    async get({ device }, id) {
      await requireMessaging(gate, device);
      const bytes = await store.get(id, since());
      if (bytes) return bytes;
      throw new CordonError('not_found', 'There is no such attachment, or not any more.');
    },
  };
}
