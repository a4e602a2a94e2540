/** Step-up sign-in before a grave action. The step-up dialog registers itself here, so that no page needs to import the dialog. */
type Ask = () => Promise<boolean>;

let ask: Ask | null = null;
let asking: Promise<boolean> | null = null;

export function registerStepUp(dialog: Ask): () => void {
  ask = dialog;
  return () => {
    if (ask === dialog) ask = null;
  };
}

/** Resolves to true if the server accepted a new authenticator code. Parallel requests share one dialog. */
export function askForStepUp(): Promise<boolean> {
  asking ??= (ask ?? (async () => false))().finally(() => {
    asking = null;
  });
  return asking;
}
