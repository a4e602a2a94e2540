export interface Draft {
  readonly text: string;
  readonly files: readonly File[];
}

const EMPTY: Draft = { text: '', files: [] };
const drafts = new Map<string, Draft>();
const listeners = new Set<() => void>();

export const draftOf = (conversation: string): Draft => drafts.get(conversation) ?? EMPTY;

export function keepDraft(conversation: string, draft: Draft): void {
  if (draft.text === '' && draft.files.length === 0) drafts.delete(conversation);
  else drafts.set(conversation, draft);
  for (const listener of listeners) listener();
}

/**
 * Removes a conversation's draft and returns it, so that the caller can send it. Text that the user writes afterward becomes the next
 * message.
 */
export function takeDraft(conversation: string): Draft {
  const taken = draftOf(conversation);
  keepDraft(conversation, EMPTY);
  return taken;
}

/**
 * Puts the draft of a failed message back into the input field, before any text that the user has typed since. The draft is stored, so this
 * also works when another conversation is in view.
 */
export function giveBack(conversation: string, taken: Draft): void {
  const since = draftOf(conversation);
  const text = [taken.text, since.text].filter((each) => each !== '').join('\n');
  keepDraft(conversation, { text, files: [...taken.files, ...since.files] });
}

export function onDrafts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
