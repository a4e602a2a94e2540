/** Step-up sign-in before a grave action. The step-up dialog registers itself here, so that no page needs to import the dialog. */
type OpenDialog = () => Promise<boolean>;

let openDialog: OpenDialog | null = null;
let pending: Promise<boolean> | null = null;

export function registerStepUp(dialog: OpenDialog): () => void {
  openDialog = dialog;
  return () => {
    if (openDialog === dialog) openDialog = null;
  };
}

/** Resolves to true if the server accepted a new authenticator code. Parallel requests share one dialog. */
export function requestStepUp(): Promise<boolean> {
  pending ??= (openDialog ?? (async () => false))().finally(() => {
    pending = null;
  });
  return pending;
}
