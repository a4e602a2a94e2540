import { useState, useSyncExternalStore } from 'react';
import { LARGEST_ATTACHMENT, MOST_ATTACHMENTS } from '../../api.ts';
import { bytes, WORDS } from '../words/english.ts';
import { isolated } from '../words/names.ts';
import { type Draft, draftOf, keepDraft, onDrafts, takeDraft } from './drafts.ts';

export interface DraftInHand extends Draft {
  readonly refusal: string | null;
  write(text: string): void;
  attach(files: readonly File[]): void;
  remove(file: File): void;
  take(): Draft;
}

export const LARGEST = bytes(LARGEST_ATTACHMENT);

export function useDraft(conversation: string): DraftInHand {
  // The draft is stored outside the component, because a failed message may return to the draft after the component is gone.
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
      // When an unsent message returns to the draft, the draft may have more files than allowed. Its files stay, and the user can add no
      // others.
      const fitting = small.slice(0, Math.max(0, MOST_ATTACHMENTS - draftOf(conversation).files.length));
      setRefusal(
        large
          ? WORDS.composer.tooLarge(isolated(large.name), LARGEST)
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
