/** Dialogs that the API client needs before it repeats a request. Each dialog registers itself here, so that no page needs to import it. */
import type { PasskeyDemand } from '../../../shared/api/passkeys.ts';

function createDialogRequest<Question, Answer>(canceled: Answer) {
  let openDialog: ((question: Question) => Promise<Answer>) | null = null;
  return {
    register(dialog: (question: Question) => Promise<Answer>): () => void {
      openDialog = dialog;
      return () => {
        if (openDialog === dialog) openDialog = null;
      };
    },
    open: async (question: Question): Promise<Answer> => (openDialog ? openDialog(question) : canceled),
  };
}

const stepUp = createDialogRequest<null, boolean>(false);
let pending: Promise<boolean> | null = null;

export const registerStepUp = stepUp.register;

/** Resolves to true if the server accepted a passkey or a new authenticator code. Parallel requests share one dialog. */
export function requestStepUp(): Promise<boolean> {
  pending ??= stepUp.open(null).finally(() => {
    pending = null;
  });
  return pending;
}

const confirmation = createDialogRequest<PasskeyDemand, string | null>(null);
let last: Promise<unknown> = Promise.resolve();

export const registerConfirmation = confirmation.register;

/** Confirmation of an action by a passkey, for the request's header; null if the person canceled. One dialog is open at a time. */
export function requestConfirmation(demand: PasskeyDemand): Promise<string | null> {
  const result = last.then(() => confirmation.open(demand));
  last = result.catch(() => null);
  return result;
}
