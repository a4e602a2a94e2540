/** What one is about to say: text and files, checked as they come. */
import { useState } from 'react';
import { LARGEST_ATTACHMENT, MOST_ATTACHMENTS } from '../../api.ts';
import { bytes, WORDS } from '../words/english.ts';
import { apart } from '../words/names.ts';
import { type Draft, draftOf, keepDraft } from './drafts.ts';

export interface DraftInHand extends Draft {
  /** Why a file was not taken. */
  readonly refusal: string | null;
  write(text: string): void;
  attach(files: readonly File[]): void;
  remove(file: File): void;
  clear(): void;
}

export const LARGEST = bytes(LARGEST_ATTACHMENT);

export function useDraft(conversation: string): DraftInHand {
  const [draft, setDraft] = useState(() => draftOf(conversation));
  const [refusal, setRefusal] = useState<string | null>(null);
  const keep = (next: Draft) => {
    keepDraft(conversation, next);
    setDraft(next);
  };
  return {
    ...draft,
    refusal,
    write: (text) => keep({ ...draft, text }),
    attach(files) {
      const large = files.find(({ size }) => size > LARGEST_ATTACHMENT);
      const fitting = files.filter(({ size }) => size <= LARGEST_ATTACHMENT);
      const all = [...draft.files, ...fitting];
      setRefusal(
        large
          ? WORDS.composer.tooLarge(apart(large.name), LARGEST)
          : all.length > MOST_ATTACHMENTS
            ? WORDS.composer.tooMany(MOST_ATTACHMENTS)
            : null,
      );
      keep({ ...draft, files: all.slice(0, MOST_ATTACHMENTS) });
    },
    remove(file) {
      setRefusal(null);
      keep({ ...draft, files: draft.files.filter((each) => each !== file) });
    },
    clear() {
      setRefusal(null);
      keep({ text: '', files: [] });
    },
  };
}
