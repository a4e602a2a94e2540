/**
 * The step-up sign-in of a grave action. The API refuses the action with `step_up_required`; `call.ts` then asks here for a new authenticator
 * code and repeats the request. The dialog registers itself, so that no page has to know about it.
 */
type Ask = () => Promise<boolean>;

let ask: Ask | null = null;
let asking: Promise<boolean> | null = null;

/** The dialog that asks. Returns what removes it. */
export function registerStepUp(dialog: Ask): () => void {
  ask = dialog;
  return () => {
    if (ask === dialog) ask = null;
  };
}

/** Whether the admin gave a new code. Several requests at once share one dialog. */
export function askForStepUp(): Promise<boolean> {
  asking ??= (ask ?? (async () => false))().finally(() => {
    asking = null;
  });
  return asking;
}
