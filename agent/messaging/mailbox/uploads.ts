import type { HistoryMessage } from '../conversation/records.ts';
import type { Attachments } from './attachments.ts';

type Written = Pick<HistoryMessage, 'id' | 'conversation' | 'attachments'>;

/**
 * Uploads of attached files. An upload may take minutes over a slow network and must not delay other work, so uploads do not run in the
 * message loop. Uploads are only in memory: after a restart, the agent uploads the files again under the same ids.
 */
export interface Uploads {
  /**
   * Returns true if the server has the message's files. Otherwise starts their upload. If an upload of them failed, throws its error once.
   */
  have(message: Written): boolean;
  /** Clears the errors of failed uploads. Called because an order that caused the failures may have ended. */
  retry(): void;
  /** Starts no more uploads. Resolves when no upload is in progress. */
  stop(): Promise<void>;
}

/** Maximum number of simultaneous uploads. Each upload keeps a whole file in memory. */
const MOST_AT_ONCE = 4;

interface Upload {
  readonly message: string;
  ended: boolean;
  failure: { readonly error: unknown } | null;
}

export function createUploads(ports: {
  readonly attachments: Pick<Attachments, 'upload'>;
  /** Called when an upload has ended. After that, `have` returns the result of the upload. */
  readonly onEnded: () => void;
}): Uploads {
  /** For each conversation, its newest upload. One upload per conversation is enough, because messages are sent in order. */
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
      // An upload that `stop` interrupted does not count as failed.
      if (stopped) return false;
      const known = newest.get(conversation);
      if (known && !known.ended) return false;
      if (known?.message === id) {
        if (!known.failure) return true;
        // Removes the failed upload, so that the next call of `have` starts it again.
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
