/** What one is about to say: text and files, checked as they come. */
import { useState, useSyncExternalStore } from 'react';
import { LARGEST_ATTACHMENT, MOST_ATTACHMENTS } from '../../api.ts';
import { bytes, WORDS } from '../words/english.ts';
import { apart } from '../words/names.ts';
import { type Draft, draftOf, keepDraft, onDrafts, takeDraft } from './drafts.ts';

export interface DraftInHand extends Draft {
  /** Why a file was not taken. */
  readonly refusal: string | null;
  write(text: string): void;
  attach(files: readonly File[]): void;
  remove(file: File): void;
  /** Out of hand, to be sent. */
  take(): Draft;
}

export const LARGEST = bytes(LARGEST_ATTACHMENT);

export function useDraft(conversation: string): DraftInHand {
  // Kept apart from what is drawn: what could not be sent comes back to it, whether or not somebody looks.
  const draft = useSyncExternalStore(onDrafts, () => draftOf(conversation));
  const [refusal, setRefusal] = useState<string | null>(null);
  const keep = (change: (draft: Draft) => Partial<Draft>) => {
    const now = draftOf(conversation);
    keepDraft(conversation, { ...now, ...change(now) });
  };
  return {
    ...draft,
    refusal,
    write: (text) => keep(() => ({ text })),
    attach(files) {
      const large = files.find(({ size }) => size > LARGEST_ATTACHMENT);
      const small = files.filter(({ size }) => size <= LARGEST_ATTACHMENT);
      // None of those in hand is dropped, though what came back may have made them more than a message holds.
      const fitting = small.slice(0, Math.max(0, MOST_ATTACHMENTS - draftOf(conversation).files.length));
      setRefusal(
        large
          ? WORDS.composer.tooLarge(apart(large.name), LARGEST)
          : fitting.length < small.length
            ? WORDS.composer.tooMany(MOST_ATTACHMENTS)
            : null,
      );
      keep((now) => ({ files: [...now.files, ...fitting] }));
    },
    remove(file) {
      setRefusal(null);
      keep((now) => ({ files: now.files.filter((each) => each !== file) }));
    },
    take() {
      setRefusal(null);
      return takeDraft(conversation);
    },
  };
}
