import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { steppedUp } from '../../../shared/api/session.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';

const ABOVE_DIALOGS = 400;

export function StepUpDialog({ settle }: { readonly settle: ((accepted: boolean) => void) | null }) {
  const [opened, setOpened] = useState(false);
  const [totp, setTotp] = useState('');
  const giving = useMutation({
    mutationFn: (code: string) => call('POST', '/session/step-up', steppedUp, { totp: code }),
    onSuccess: () => finish(true),
    // An authenticator code works only once, so a repeated attempt needs a new code.
    onError: () => setTotp(''),
  });
  // Mount the dialog in the closed state, then open it. Otherwise Mantine does not return the focus after the dialog closes.
  useEffect(() => setOpened(settle !== null), [settle]);

  function finish(accepted: boolean): void {
    setTotp('');
    giving.reset();
    settle?.(accepted);
  }

  const code = totp.replaceAll(/\s/g, '');
  const complete = /^\d{6}$/.test(code);
  return (
    <Modal opened={opened} onClose={() => finish(false)} title="Confirm your identity" zIndex={ABOVE_DIALOGS}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (complete) giving.mutate(code);
        }}
      >
        <Stack>
          <Text size="sm">
            This action needs an authenticator code that is at most 10 minutes old. Enter a new code to continue.
          </Text>
          {giving.isError && <Failure error={giving.error} />}
          <TextInput
            label="Authenticator code"
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
              Confirm identity
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
