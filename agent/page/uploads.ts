/** Attachments between being picked and being sent, in memory: the message that names them takes them, or they are forgotten. */
import { randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { NewAttachment } from '../messaging/messaging.ts';
import { LARGEST_ATTACHMENT, MOST_ATTACHMENTS } from './api.ts';

/** Milliseconds: longer than ten uploads of a message take on loopback, however slow the machine. */
const FOR = 5 * 60_000;
/** Two full messages. */
const MOST = 2 * MOST_ATTACHMENTS;
const MOST_BYTES = MOST * LARGEST_ATTACHMENT;

export interface Uploads {
  /** Returns its id. Throws `rate_limited`. */
  add(attachment: NewAttachment, now: number): string;
  /** Throws `not_found`: then none of them is taken. */
  get(ids: readonly string[], now: number): readonly NewAttachment[];
  drop(ids: readonly string[]): void;
}

export function createUploads(): Uploads {
  const held = new Map<string, { readonly attachment: NewAttachment; readonly until: number }>();

  function forget(now: number): void {
    for (const [id, { until }] of held) if (now >= until) held.delete(id);
  }

  return {
    add(attachment, now) {
      forget(now);
      let bytes = attachment.bytes.length;
      for (const each of held.values()) bytes += each.attachment.bytes.length;
      if (held.size >= MOST || bytes > MOST_BYTES) {
        throw new CordonError('rate_limited', 'Too many attachments wait to be sent: send those first.');
      }
      const id = randomBytes(16).toString('base64url');
      held.set(id, { attachment, until: now + FOR });
      return id;
    },
    get(ids, now) {
      forget(now);
      return ids.map((id) => {
        const found = held.get(id);
        if (!found) throw new CordonError('not_found', 'An attachment has been forgotten meanwhile: attach it again.');
        return found.attachment;
      });
    },
    drop(ids) {
      for (const id of ids) held.delete(id);
    },
  };
}
