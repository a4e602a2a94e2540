/**
 * Files on their way to the server, beside the loop and not within it: one takes minutes over a poor network, and nothing else is to stand still for
 * it. Kept in memory alone: after a restart they are handed in again, under the same names.
 */
import type { Attachments } from './attachments.ts';
import type { HeldMessage } from './records.ts';

type Written = Pick<HeldMessage, 'id' | 'conversation' | 'attachments'>;

export interface Uploads {
  /** The server has the message's files. While it has not they are on their way, or others before them. Throws, once, why they did not come there. */
  have(message: Written): boolean;
  /** What was refused before is no answer any more, as when an order has ended meanwhile. */
  anew(): void;
  /** Begins no more; resolves when none is on its way. */
  stop(): Promise<void>;
}

/** Of all conversations: each holds a whole file in memory. */
const MOST_AT_ONCE = 4;

interface Upload {
  readonly message: string;
  ended: boolean;
  /** Why it came to nothing. */
  failure: { readonly error: unknown } | null;
}

export function createUploads(ports: {
  readonly attachments: Pick<Attachments, 'upload'>;
  /** One has come to its end: `have` says how. */
  readonly onEnded: () => void;
}): Uploads {
  /** The newest of each conversation, whose messages go one after another. */
  const newest = new Map<string, Upload>();
  const underWay = new Set<Promise<void>>();
  let stopped = false;

  const handIn = async (upload: Upload, attachments: Written['attachments']): Promise<void> => {
    try {
      for (const attachment of attachments) if (!stopped) await ports.attachments.upload(attachment);
    } catch (error) {
      upload.failure = { error };
    }
    upload.ended = true;
  };

  return {
    have({ id, conversation, attachments }) {
      if (attachments.length === 0) return true;
      // One that was cut short has not failed.
      if (stopped) return false;
      const known = newest.get(conversation);
      if (known && !known.ended) return false;
      if (known?.message === id) {
        if (!known.failure) return true;
        // Whoever asks again has it tried again.
        newest.delete(conversation);
        throw known.failure.error;
      }
      if (underWay.size >= MOST_AT_ONCE) return false;
      const upload: Upload = { message: id, ended: false, failure: null };
      newest.set(conversation, upload);
      const done = handIn(upload, attachments).then(() => {
        underWay.delete(done);
        ports.onEnded();
      });
      underWay.add(done);
      return false;
    },
    anew() {
      for (const [conversation, { failure }] of newest) if (failure) newest.delete(conversation);
    },
    async stop() {
      stopped = true;
      await Promise.all(underWay);
    },
  };
}
