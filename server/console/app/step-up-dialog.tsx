/** Asks for a new authenticator code when an action needs one. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { steppedUp } from '../../../shared/api/session.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';

/** Above the dialog of the action itself. */
const ABOVE_DIALOGS = 400;

/** `settle` belongs to the present question; null: nothing is asked. */
export function StepUpDialog({ settle }: { readonly settle: ((given: boolean) => void) | null }) {
  const [opened, setOpened] = useState(false);
  const [totp, setTotp] = useState('');
  const giving = useMutation({
    mutationFn: (code: string) => call('POST', '/session/step-up', steppedUp, { totp: code }),
    onSuccess: () => finish(true),
    // A code works once, so the next attempt needs another code in any case.
    onError: () => setTotp(''),
  });
  // The dialog opens only after it was mounted closed. Otherwise Mantine does not return the focus when it closes.
  useEffect(() => setOpened(settle !== null), [settle]);

  function finish(given: boolean): void {
    setTotp('');
    giving.reset();
    settle?.(given);
  }

  const code = totp.replaceAll(/\s/g, '');
  const complete = /^\d{6}$/.test(code);
  return (
    <Modal opened={opened} onClose={() => finish(false)} title="Confirm that it is you" zIndex={ABOVE_DIALOGS}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (complete) giving.mutate(code);
        }}
      >
        <Stack>
          <Text size="sm">
            This action needs an authenticator code that is at most 10 minutes old. Give a new code to continue.
          </Text>
          {giving.isError && <Failure error={giving.error} />}
          <TextInput
            label="Code"
            description="Six digits from your authenticator app. Each code works once."
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            data-autofocus
            value={totp}
            onChange={({ currentTarget }) => setTotp(currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => finish(false)}>
              Cancel
            </Button>
            <Button type="submit" disabled={!complete} loading={giving.isPending}>
              Continue
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
