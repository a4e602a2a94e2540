import { useMutation, useQueryClient } from '@tanstack/react-query';
import { passcodeView } from '../../api.ts';
import { call } from '../client/call.ts';

export type PasscodeAction = 'set' | 'enter' | 'change' | 'remove' | 'lock';

/** Sends an action of the user. Every part of the page may change with the workspace, so all of its data is read again. */
export function usePasscodeAction(onDone: () => void = () => undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, body }: { readonly action: PasscodeAction; readonly body: unknown }) =>
      call('POST', `/passcode/${action}`, passcodeView, body),
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries(),
  });
}
