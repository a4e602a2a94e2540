/** Password and the authenticator app's code, in one form, so that a password manager fills all of it. */
import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { sessionView } from '../../../shared/api/session.ts';
import { Refusal } from '../../../shared/look/refusal.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call, keepCsrf } from '../client/call.ts';
import { SESSION_KEY } from '../client/session.tsx';
import { Brand } from './brand.tsx';

/** Said at the code itself, which is all that has to be given again. */
const isReused = (error: Error) => error instanceof Refusal && error.code === 'totp_reused';

export function SignInPage() {
  const client = useQueryClient();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', password: '', totp: '' },
    transformValues: ({ totp, ...rest }) => ({ ...rest, totp: totp.replaceAll(/\s/g, '') }),
    validate: {
      email: (value) => (/^[^\s@]+@[^\s@]+$/.test(value.trim()) ? null : 'Give your e-mail address.'),
      password: (value) => (value ? null : 'Give your password.'),
      totp: (value) =>
        /^\d{6}$/.test(value.replaceAll(/\s/g, '')) ? null : 'Six digits, from your authenticator app.',
    },
  });
  const signIn = useMutation({
    mutationFn: (values: { email: string; password: string; totp: string }) =>
      call('POST', '/session', sessionView, values),
    onSuccess: (session) => {
      keepCsrf(session.csrf);
      client.setQueryData(SESSION_KEY, session);
    },
    // A code works once, so another try needs another code in any case.
    onError: (error) => {
      form.setFieldValue('totp', '');
      if (!isReused(error)) return;
      form.setFieldError('totp', error.message);
      form.getInputNode('totp')?.focus();
    },
  });
  useEffect(() => {
    document.title = 'Sign in · Cordon';
  }, []);
  return (
    <Paper withBorder p="xl">
      <form
        noValidate
        onSubmit={form.onSubmit(
          (values) => signIn.mutate(values),
          (errors) => form.getInputNode(Object.keys(errors)[0] ?? 'email')?.focus(),
        )}
      >
        <Stack>
          <Brand />
          <Title order={1} size="h3">
            Sign in
          </Title>
          {signIn.isError && !isReused(signIn.error) && <Failure error={signIn.error} />}
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            key={form.key('email')}
            {...form.getInputProps('email')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <TextInput
            label="Code"
            description="Six digits from your authenticator app. Each works once."
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            key={form.key('totp')}
            {...form.getInputProps('totp')}
          />
          <Button type="submit" size="md" loading={signIn.isPending}>
            Sign in
          </Button>
          <Text size="sm" c="dimmed">
            Locked out? An owner can send you a reset link. A sole owner runs “cordon recover-owner” on the server.
          </Text>
        </Stack>
      </form>
    </Paper>
  );
}
