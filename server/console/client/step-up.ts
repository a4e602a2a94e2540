/**
 * Step-up sign-in before a grave action. After the error `step_up_required`, `call.ts` asks for a new authenticator code through this
 * module and repeats the request. The step-up dialog registers itself here, so that no page needs to import it.
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

/** Asks the admin for a new authenticator code. Resolves to true if the server accepted a code. Parallel requests share one dialog. */
export function askForStepUp(): Promise<boolean> {
  asking ??= (ask ?? (async () => false))().finally(() => {
    asking = null;
  });
  return asking;
}
