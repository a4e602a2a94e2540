/** What was begun and not sent, for each conversation: it is there again when one comes back. In this tab's memory alone. */
export interface Draft {
  readonly text: string;
  readonly files: readonly File[];
}

const EMPTY: Draft = { text: '', files: [] };
const drafts = new Map<string, Draft>();

export const draftOf = (conversation: string): Draft => drafts.get(conversation) ?? EMPTY;

export function keepDraft(conversation: string, draft: Draft): void {
  if (draft.text === '' && draft.files.length === 0) drafts.delete(conversation);
  else drafts.set(conversation, draft);
}
