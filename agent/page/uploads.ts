/** Attachments in memory that the user has selected for a message and not sent yet. */
import { randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { NewAttachment } from '../messaging/messaging.ts';
import { LARGEST_ATTACHMENT, MOST_ATTACHMENTS } from './api.ts';

/** Milliseconds for which an attachment stays in memory, enough to upload all attachments of a message on a slow machine. */
const FOR = 5 * 60_000;
const MOST = 2 * MOST_ATTACHMENTS;
const MOST_BYTES = MOST * LARGEST_ATTACHMENT;

export interface Uploads {
  /** Stores an attachment and returns its identifier. Throws `rate_limited` if too many attachments are in memory. */
  add(attachment: NewAttachment, now: number): string;
  get(ids: readonly string[], now: number): readonly NewAttachment[];
  drop(ids: readonly string[]): void;
}

export function createUploads(): Uploads {
  const files = new Map<string, { readonly attachment: NewAttachment; readonly until: number }>();

  function forget(now: number): void {
    for (const [id, { until }] of files) if (now >= until) files.delete(id);
  }

  return {
    add(attachment, now) {
      forget(now);
      let bytes = attachment.bytes.length;
      for (const each of files.values()) bytes += each.attachment.bytes.length;
      if (files.size >= MOST || bytes > MOST_BYTES) {
        throw new CordonError('rate_limited', 'Too many attachments wait to be sent. Send these attachments first.');
      }
      const id = randomBytes(16).toString('base64url');
      files.set(id, { attachment, until: now + FOR });
      return id;
    },
    get(ids, now) {
      forget(now);
      return ids.map((id) => {
        const found = files.get(id);
        if (!found) throw new CordonError('not_found', 'An attachment has expired. Attach it again.');
        return found.attachment;
      });
    },
    drop(ids) {
      for (const id of ids) files.delete(id);
    },
  };
}
