import { useEffect, useRef, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import type { Draft, DraftFields } from '../../mail-api.ts';
import { call } from '../client/call.ts';

/** Milliseconds after the last change before the page saves the draft. */
const SAVE_AFTER = 700;

export interface SavedDraft {
  readonly fields: DraftFields;
  readonly state: 'saved' | 'saving' | 'failed';
  change(changes: Partial<DraftFields>): void;
  /** Saves the newest fields, and resolves when they are stored. */
  flush(): Promise<void>;
  /** Stops saving, because the draft is being deleted. */
  abandon(): void;
}

/** Fields of a draft. The page saves them on this device shortly after each change, and when the user leaves the editor. */
export function useSavedDraft({ id, to, cc, bcc, subject, text }: Draft): SavedDraft {
  const [fields, setFields] = useState<DraftFields>({ to, cc, bcc, subject, text });
  const [state, setState] = useState<SavedDraft['state']>('saved');
  const newest = useRef(fields);
  const unsaved = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = useRef<Promise<unknown>>(Promise.resolve());

  async function flush(): Promise<void> {
    clearTimeout(timer.current);
    if (unsaved.current) {
      unsaved.current = false;
      const given = newest.current;
      setState('saving');
      // Requests run one after another, because an older text must not replace a newer one.
      const saving = last.current.then(() => call('PATCH', `/mail/drafts/${id}`, done, given));
      last.current = saving.catch(() => undefined);
      try {
        await saving;
        setState('saved');
      } catch (error) {
        unsaved.current = true;
        setState('failed');
        throw error;
      }
    }
    await last.current;
  }
  const flushed = useRef(flush);
  flushed.current = flush;
  useEffect(() => {
    const leave = () => void flushed.current().catch(() => undefined);
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      leave();
    };
  }, []);

  return {
    fields,
    state,
    flush,
    change(changes) {
      newest.current = { ...newest.current, ...changes };
      unsaved.current = true;
      setFields(newest.current);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void flush().catch(() => undefined), SAVE_AFTER);
    },
    abandon() {
      clearTimeout(timer.current);
      unsaved.current = false;
    },
  };
}
