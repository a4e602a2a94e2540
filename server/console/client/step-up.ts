/**
 * Step-up before a grave action. After the error `step_up_required`, `call.ts` requests a new authenticator code here and repeats the
 * request. The dialog registers itself, so that no page depends on it.
 */
type Ask = () => Promise<boolean>;

let ask: Ask | null = null;
let asking: Promise<boolean> | null = null;

/** Registers the step-up dialog. Returns a function that removes the registration. */
export function registerStepUp(dialog: Ask): () => void {
  ask = dialog;
  return () => {
    if (ask === dialog) ask = null;
  };
}

/** Resolves to true if the admin entered a new authenticator code. Parallel requests share one dialog. */
export function askForStepUp(): Promise<boolean> {
  asking ??= (ask ?? (async () => false))().finally(() => {
    asking = null;
  });
  return asking;
}
