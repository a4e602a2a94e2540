/** Sign-in with the identity provider, a passkey or the form. Password and authenticator code are on the same page, so that a password manager can fill in both. */
import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconFingerprint } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { passkeyChallenge } from '../../../shared/api/passkeys.ts';
import { sessionView } from '../../../shared/api/session.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call, storeCsrf } from '../client/call.ts';
import { providerQuery } from '../client/queries.ts';
import { SESSION_KEY, type Session } from '../client/session.tsx';
import { Brand } from './brand.tsx';
import { ProviderSignIn } from './provider-sign-in.tsx';

/** The error about a reused authenticator code appears at the field for the code, because only the code must be entered again. */
const isReused = (error: Error) => error instanceof ApiError && error.code === 'totp_reused';

export function SignInPage() {
  const provider = useQuery(providerQuery).data?.provider ?? null;
  const [password, setPassword] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Cordon';
  }, []);
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          Sign in
        </Title>
        {provider && <ProviderSignIn provider={provider} />}
        {provider?.only && !password ? (
          <Button variant="subtle" onClick={() => setPassword(true)}>
            Sign in as an owner without {provider.name}
          </Button>
        ) : (
          <>
            <PasskeySignIn />
            {(provider || HAS_PASSKEYS) && (
              <Text size="sm" c="dimmed" ta="center">
                or with a password
              </Text>
            )}
            <PasswordForm />
          </>
        )}
      </Stack>
    </Paper>
  );
}

const HAS_PASSKEYS = 'PublicKeyCredential' in globalThis;

function useSignedIn() {
  const client = useQueryClient();
  return (session: Session) => {
    storeCsrf(session.csrf);
    client.setQueryData(SESSION_KEY, session);
  };
}

function PasskeySignIn() {
  const byPasskey = useMutation({
    mutationFn: async () => {
      const challenge = await call('POST', '/session/passkey/challenge', passkeyChallenge);
      const { signInStatement } = await import('../client/passkeys.ts');
      return call('POST', '/session/passkey', sessionView, { response: await signInStatement(challenge) });
    },
    onSuccess: useSignedIn(),
  });
  if (!HAS_PASSKEYS) return null;
  return (
    <>
      <Button
        size="md"
        variant="default"
        leftSection={<IconFingerprint size={20} aria-hidden />}
        loading={byPasskey.isPending}
        onClick={() => byPasskey.mutate()}
      >
        Sign in with a passkey
      </Button>
      {byPasskey.isError && <Failure error={byPasskey.error} />}
    </>
  );
}

function PasswordForm() {
  const [recovering, setRecovering] = useState(false);
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', password: '', totp: '', recoveryCode: '' },
    transformValues: ({ totp, recoveryCode, ...rest }) => ({
      ...rest,
      ...(recovering ? { recoveryCode: recoveryCode.trim() } : { totp: totp.replaceAll(/\s/g, '') }),
    }),
    validate: {
      email: (value) =>
        /^[^\s@]+@[^\s@]+$/.test(value.trim()) ? null : 'The e-mail address is missing or invalid. Enter your address.',
      password: (value) => (value ? null : 'The password is missing. Enter your password.'),
      recoveryCode: (value) =>
        !recovering || value.trim() ? null : 'The recovery code is missing. Enter one of your unused codes.',
      totp: (value) =>
        recovering || /^\d{6}$/.test(value.replaceAll(/\s/g, ''))
          ? null
          : 'The code is missing or invalid. Enter six digits from your authenticator app.',
    },
  });
  const signIn = useMutation({
    mutationFn: (values: ReturnType<typeof form.getTransformedValues>) => call('POST', '/session', sessionView, values),
    onSuccess: useSignedIn(),
    // An authenticator code works only once, so the next attempt needs a new code.
    onError: (error) => {
      form.setFieldValue('totp', '');
      if (!isReused(error)) return;
      form.setFieldError('totp', error.message);
      form.getInputNode('totp')?.focus();
    },
  });
  return (
    <form
      noValidate
      onSubmit={form.onSubmit(
        (values) => signIn.mutate(values),
        (errors) => form.getInputNode(Object.keys(errors)[0] ?? 'email')?.focus(),
      )}
    >
      <Stack>
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
          visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        {recovering ? (
          <TextInput
            label="Recovery code"
            description="One of the ten codes that you saved. Each code works once."
            autoComplete="off"
            required
            key={form.key('recoveryCode')}
            {...form.getInputProps('recoveryCode')}
          />
        ) : (
          <TextInput
            label="Authenticator code"
            description="Six digits from your authenticator app. Each code works once."
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            key={form.key('totp')}
            {...form.getInputProps('totp')}
          />
        )}
        <Button type="submit" size="md" loading={signIn.isPending}>
          Sign in
        </Button>
        <Button variant="subtle" size="xs" onClick={() => setRecovering(!recovering)}>
          {recovering ? 'Use authenticator code' : 'Use recovery code'}
        </Button>
        <Text size="sm" c="dimmed">
          If you cannot sign in, ask an owner for a reset link. If you are the only owner, run “cordon recover-owner” on
          the server.
        </Text>
      </Stack>
    </form>
  );
}
