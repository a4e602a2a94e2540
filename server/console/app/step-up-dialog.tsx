import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { sessionChallenge } from '../../../shared/api/passkeys.ts';
import { steppedUp } from '../../../shared/api/session.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { beginAtProvider, onStepUp } from '../client/provider.ts';
import { passkeysQuery, providerQuery } from '../client/queries.ts';
import { useSession } from '../client/session.tsx';

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
  const passkeys = useQuery({ ...passkeysQuery, enabled: settle !== null }).data;
  const hasPasskey = passkeys?.passkeys.some((each) => each.purpose === 'sign-in' && each.usable) ?? false;
  const confirming = useMutation({
    mutationFn: async () => {
      const challenge = await call('POST', '/session/step-up/challenge', sessionChallenge);
      const { stepUpStatement } = await import('../client/passkeys.ts');
      const response = await stepUpStatement(challenge);
      return call('POST', '/session/step-up', steppedUp, { token: challenge.token, response });
    },
    onSuccess: () => finish(true),
  });
  // Mount the dialog in the closed state, then open it. Otherwise Mantine does not return the focus after the dialog closes.
  useEffect(() => setOpened(settle !== null), [settle]);

  function finish(accepted: boolean): void {
    setTotp('');
    giving.reset();
    confirming.reset();
    settle?.(accepted);
  }

  const { identity, password } = useSession().account;
  // If the account must use its passkey, the server refuses codes and the identity provider, so the dialog offers neither.
  const passkeyOnly = password && hasPasskey && passkeys?.required === true;
  const takesCode = password && !passkeyOnly;
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
          <Text size="sm">This action needs a confirmation of your identity that is at most 10 minutes old.</Text>
          {identity !== null && !passkeyOnly && <AtProvider confirmed={() => finish(true)} />}
          {hasPasskey && (
            <Button data-autofocus loading={confirming.isPending} onClick={() => confirming.mutate()}>
              Confirm with passkey
            </Button>
          )}
          {confirming.isError && <Failure error={confirming.error} />}
          {giving.isError && <Failure error={giving.error} />}
          {takesCode && (
            <TextInput
              label="Authenticator code"
              description="Six digits from your authenticator app. Each code works once."
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              {...(!hasPasskey && { 'data-autofocus': true })}
              value={totp}
              onChange={({ currentTarget }) => setTotp(currentTarget.value)}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => finish(false)}>
              Cancel
            </Button>
            {takesCode && (
              <Button type="submit" disabled={!complete} loading={giving.isPending}>
                Confirm identity
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Confirmation at the identity provider, in a separate window, so that this page keeps its input. */
function AtProvider({ confirmed }: { readonly confirmed: () => void }) {
  const name = useQuery(providerQuery).data?.provider?.name ?? null;
  const begin = useMutation({
    async mutationFn() {
      // A browser allows a new window only directly after the click. The window therefore opens before its address is known.
      const opened = window.open('', '_blank', 'popup,width=560,height=760');
      if (!opened) {
        const detail =
          'The browser blocked the window of the identity provider. Allow windows of this page, then try again.';
        throw new ApiError('unreachable', detail, 0);
      }
      try {
        opened.location.assign(await beginAtProvider('step-up'));
      } catch (error) {
        opened.close();
        throw error;
      }
    },
  });
  useEffect(() => onStepUp(confirmed), [confirmed]);
  if (name === null) return null;
  return (
    <Stack gap="xs" align="flex-start">
      {begin.isError && <Failure error={begin.error} />}
      <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
        {`Confirm with ${name}`}
      </Button>
      {begin.isSuccess && (
        <Text size="sm" role="status">
          Sign in again in the new window. The action then continues here.
        </Text>
      )}
    </Stack>
  );
}
