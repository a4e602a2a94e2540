/** What was begun and not sent, for each conversation: it is there again when one comes back. In this tab's memory alone. */
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

/** Out of hand, to be sent: what is written from now on is the next message. */
export function takeDraft(conversation: string): Draft {
  const taken = draftOf(conversation);
  keepDraft(conversation, EMPTY);
  return taken;
}

/** It was not sent: it stands before what was begun since, also when its conversation was left meanwhile. */
export function giveBack(conversation: string, taken: Draft): void {
  const since = draftOf(conversation);
  const text = [taken.text, since.text].filter((each) => each !== '').join('\n');
  keepDraft(conversation, { text, files: [...taken.files, ...since.files] });
}

/** Called after each change. Returns the cancellation. */
export function onDrafts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
