/** Page for the recipient of an invitation link. The recipient chooses a password; then the page shows the authenticator secret once. */
import { Alert, Button, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { renderSVG } from 'uqr';
import { redeemed } from '../../../shared/api/accounts.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { Brand } from './brand.tsx';

const SHORTEST_PASSWORD = 12;

interface Invited {
  readonly token: string;
  /** True for the first owner, who must also enter a name and an e-mail address. */
  readonly firstOwner: boolean;
  readonly done: () => void;
}

export function InvitationPage({ token, firstOwner, done }: Invited) {
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', name: '', password: '', again: '' },
    validate: {
      email: (value) =>
        !firstOwner || /^[^\s@]+@[^\s@]+$/.test(value.trim())
          ? null
          : 'The e-mail address is missing or invalid. Enter your address.',
      name: (value) =>
        !firstOwner || value.trim() ? null : 'The name is missing. Enter the name that your colleagues use.',
      password: (value) =>
        [...value.normalize('NFKC')].length >= SHORTEST_PASSWORD
          ? null
          : `The password is too short. Use at least ${SHORTEST_PASSWORD} characters.`,
      again: (value, values) =>
        value === values.password ? null : 'The passwords differ. Enter the same password again.',
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
            {firstOwner ? 'Set up installation' : 'Accept invitation'}
          </Title>
          <Text c="dimmed">
            {firstOwner
              ? 'You become the first owner. You can then invite other admins.'
              : 'Choose a password. Then set up your authenticator app.'}
          </Text>
          {redeem.isError && <Failure error={redeem.error} />}
          {firstOwner && (
            <>
              <TextInput
                label="E-mail"
                type="email"
                autoComplete="username"
                required
                key={form.key('email')}
                {...form.getInputProps('email')}
              />
              <TextInput
                label="Name"
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
            description={`At least ${SHORTEST_PASSWORD} characters. A sentence is a good password.`}
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <PasswordInput
            label="Repeat password"
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': 'Show repeated password' }}
            key={form.key('again')}
            {...form.getInputProps('again')}
          />
          <Button type="submit" size="md" loading={redeem.isPending}>
            Continue
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
  // Show the QR code as an image. Inserting the library's markup into the page would require trust in this markup.
  const image = `data:image/svg+xml,${encodeURIComponent(renderSVG(totpUri, { border: 2 }))}`;
  return (
    <Paper withBorder p="xl">
      <Stack>
        <Brand />
        <Title order={1} size="h3">
          Authenticator app
        </Title>
        <Text>
          Scan this code with an authenticator app. The app shows a new code every 30 seconds. You need a code each time
          you sign in as <UserText>{account.email}</UserText>.
        </Text>
        <img
          src={image}
          alt="QR code for the authenticator app"
          width={220}
          height={220}
          style={{ alignSelf: 'center' }}
        />
        <Text size="sm">Or enter this secret in the app:</Text>
        <Code block fz="md" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {totpSecret}
        </Code>
        <CopyButton text={totpSecret}>Copy secret</CopyButton>
        <Alert color="yellow" title="Shown only once">
          You cannot sign in without the app. If you lose it, an owner must send you a reset link.
        </Alert>
        <Button size="md" onClick={done}>
          Continue to sign-in
        </Button>
      </Stack>
    </Paper>
  );
}
