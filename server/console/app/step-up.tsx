/**
 * Dialog that asks for a passkey or a new authenticator code before a grave action (step-up). The browser loads the dialog's program only when an action
 * needs the dialog.
 */
import { type ComponentProps, type ComponentType, useEffect, useState } from 'react';
import { ApiError } from '../../../shared/look/api-error.ts';
import { registerStepUp } from '../client/step-up.ts';
import type { StepUpDialog } from './step-up-dialog.tsx';

type DialogProps = ComponentProps<typeof StepUpDialog>;

async function loadDialog() {
  try {
    return (await import('./step-up-dialog.tsx')).StepUpDialog;
  } catch {
    throw new ApiError(
      'unreachable',
      'The dialog for the confirmation did not load. The server may be unreachable. Try again.',
      0,
    );
  }
}

export function StepUp() {
  const [dialog, setDialog] = useState<{ readonly Dialog: ComponentType<DialogProps> } | null>(null);
  const [settle, setSettle] = useState<DialogProps['settle']>(null);

  useEffect(
    () =>
      registerStepUp(async () => {
        const Dialog = await loadDialog();
        setDialog({ Dialog });
        return new Promise((settled) => {
          setSettle(() => (accepted: boolean) => {
            setSettle(null);
            settled(accepted);
          });
        });
      }),
    [],
  );
  return dialog && <dialog.Dialog settle={settle} />;
}
