/**
 * Confirmation of an action by a passkey, before the API client repeats the request. The browser loads the dialog's program only when an
 * action needs the dialog.
 */
import { type ComponentType, useEffect, useState } from 'react';
import { ApiError } from '../../../shared/look/api-error.ts';
import { registerConfirmation } from '../client/step-up.ts';
import type { PasskeyConfirmationDialog, Question } from './passkey-confirmation-dialog.tsx';

type DialogProps = Parameters<typeof PasskeyConfirmationDialog>[0];

async function loadDialog() {
  try {
    return (await import('./passkey-confirmation-dialog.tsx')).PasskeyConfirmationDialog;
  } catch {
    throw new ApiError(
      'unreachable',
      'The dialog for the confirmation did not load. The server may be unreachable. Try again.',
      0,
    );
  }
}

export function PasskeyConfirmation() {
  const [dialog, setDialog] = useState<{ readonly Dialog: ComponentType<DialogProps> } | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);

  useEffect(
    () =>
      registerConfirmation(async (demand) => {
        const Dialog = await loadDialog();
        setDialog({ Dialog });
        return new Promise((settled) => {
          const settle = (header: string | null) => {
            setQuestion(null);
            settled(header);
          };
          setQuestion({ demand, settle });
        });
      }),
    [],
  );
  return dialog && <dialog.Dialog question={question} />;
}
