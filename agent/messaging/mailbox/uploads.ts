import type { HistoryMessage } from '../conversation/records.ts';
import type { Attachments } from './attachments.ts';

type Written = Pick<HistoryMessage, 'id' | 'conversation' | 'attachments'>;

/**
 * Uploads of attached files, which may take minutes and therefore do not run in the message loop. After a restart, the agent uploads the
 * files again under the same ids.
 */
export interface Uploads {
  /**
   * Returns true if the server has the files of the message. If not, starts their upload and returns false. If an upload failed, throws its
   * error once.
   */
  have(message: Written): boolean;
  /** Forgets failed uploads, so that the next attempt uploads the files again. The order that caused a failure may have ended. */
  retry(): void;
  stop(): Promise<void>;
}

/** Maximum number of simultaneous uploads, because each upload keeps a whole file in memory. */
const MOST_AT_ONCE = 4;

interface Upload {
  readonly message: string;
  ended: boolean;
  failure: { readonly error: unknown } | null;
}

export function createUploads(ports: {
  readonly attachments: Pick<Attachments, 'upload'>;
  readonly onEnded: () => void;
}): Uploads {
  /** Newest upload of each conversation. A conversation never has two running uploads, because its messages are sent in order. */
  const newest = new Map<string, Upload>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const uploadAll = async (upload: Upload, attachments: Written['attachments']): Promise<void> => {
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
      if (stopped) return false;
      const known = newest.get(conversation);
      if (known && !known.ended) return false;
      if (known?.message === id) {
        if (!known.failure) return true;
        newest.delete(conversation);
        throw known.failure.error;
      }
      if (running.size >= MOST_AT_ONCE) return false;
      const upload: Upload = { message: id, ended: false, failure: null };
      newest.set(conversation, upload);
      const done = uploadAll(upload, attachments).then(() => {
        running.delete(done);
        ports.onEnded();
      });
      running.add(done);
      return false;
    },
    retry() {
      for (const [conversation, { failure }] of newest) if (failure) newest.delete(conversation);
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
