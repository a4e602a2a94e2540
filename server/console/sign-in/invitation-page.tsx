/** Redeeming an invitation: one's own password, then the authenticator's secret, which is shown this once. */
import { Alert, Button, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { renderSVG } from 'uqr';
import { redeemed } from '../../../shared/api/accounts.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Brand } from './brand.tsx';

const SHORTEST_PASSWORD = 12;

interface Invited {
  readonly token: string;
  /** Whoever sets the installation up also says who they are. */
  readonly firstOwner: boolean;
  readonly done: () => void;
}

export function InvitationPage({ token, firstOwner, done }: Invited) {
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', name: '', password: '', again: '' },
    validate: {
      email: (value) => (!firstOwner || /^[^\s@]+@[^\s@]+$/.test(value.trim()) ? null : 'Give your e-mail address.'),
      name: (value) => (!firstOwner || value.trim() ? null : 'Give your name, as colleagues know it.'),
      password: (value) =>
        [...value.normalize('NFKC')].length >= SHORTEST_PASSWORD ? null : `At least ${SHORTEST_PASSWORD} characters.`,
      again: (value, values) => (value === values.password ? null : 'This is not the same password.'),
    },
  });
  const redeem = useMutation({
    mutationFn: ({ email, name, password }: typeof form.values) =>
      call('POST', '/invitations/redeem', redeemed, {
        token,
        password,
        ...(firstOwner && { email: email.trim(), name: name.trim() }),
      }),
  });
  useEffect(() => {
    document.title = 'Invitation · Cordon';
  }, []);

  if (redeem.data) return <Authenticator {...redeem.data} done={done} />;
  return (
    <Paper withBorder p="xl">
      <form
        noValidate
        onSubmit={form.onSubmit(
          (values) => redeem.mutate(values),
          (errors) => form.getInputNode(Object.keys(errors)[0] ?? 'password')?.focus(),
        )}
      >
        <Stack>
          <Brand />
          <Title order={1} size="h3">
            {firstOwner ? 'Set this installation up' : 'You are invited'}
          </Title>
          <Text c="dimmed">
            {firstOwner
              ? 'You become its first owner: you can invite everybody else.'
              : 'Choose a password. Next you will see a code for your authenticator app.'}
          </Text>
          {redeem.isError && <Failure error={redeem.error} />}
          {firstOwner && (
            <>
              <TextInput
                label="Your e-mail"
                type="email"
                autoComplete="username"
                required
                key={form.key('email')}
                {...form.getInputProps('email')}
              />
              <TextInput
                label="Your name"
                autoComplete="name"
                dir="auto"
                required
                key={form.key('name')}
                {...form.getInputProps('name')}
              />
            </>
          )}
          <PasswordInput
            label="Password"
            description={`At least ${SHORTEST_PASSWORD} characters. A sentence of your own is good.`}
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <PasswordInput
            label="The same password again"
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': 'Show the repeated password' }}
            key={form.key('again')}
            {...form.getInputProps('again')}
          />
          <Button type="submit" size="md" loading={redeem.isPending}>
            Go on
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}

function Authenticator({
  account,
  totpSecret,
  totpUri,
  done,
}: {
  readonly account: { readonly email: string };
  readonly totpSecret: string;
  readonly totpUri: string;
  readonly done: () => void;
}) {
  // An image, so that the markup of the library needs no trust.
  const image = `data:image/svg+xml,${encodeURIComponent(renderSVG(totpUri, { border: 2 }))}`;
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          Your authenticator app
        </Title>
        <Text>
          Scan this with an authenticator app. It then shows a new code every 30 seconds; you need one each time you
          sign in as <Given>{account.email}</Given>.
        </Text>
        <img
          src={image}
          alt="QR code for the authenticator app"
          width={220}
          height={220}
          style={{ alignSelf: 'center' }}
        />
        <Text size="sm">Or type this secret into the app:</Text>
        <Code block fz="md" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {totpSecret}
        </Code>
        <CopyButton text={totpSecret}>Copy the secret</CopyButton>
        <Alert color="yellow" title="It is shown this once">
          Without the app you cannot sign in, and an owner has to invite you again.
        </Alert>
        <Button size="md" onClick={done}>
          The app has it: sign in
        </Button>
      </Stack>
    </Paper>
  );
}
