/** Button on the sign-in page that continues at the identity provider. */
import { Anchor, Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { z } from 'zod';
import type { providerView } from '../../../shared/api/provider.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { beginAtProvider } from '../client/provider.ts';

type Provider = NonNullable<z.output<typeof providerView>['provider']>;

export function ProviderSignIn({ provider }: { readonly provider: Provider }) {
  const { name, origin, signOutUrl } = provider;
  const begin = useMutation({
    mutationFn: () => beginAtProvider('sign-in'),
    onSuccess: (url) => location.assign(url),
  });
  if (origin !== location.origin) {
    return (
      <Stack gap="xs">
        <Text style={{ overflowWrap: 'anywhere' }}>
          Sign-in with {name} works only at the address {origin}.
        </Text>
        <Button component="a" href={`${origin}/`} variant="default" size="md">
          Open this address
        </Button>
      </Stack>
    );
  }
  return (
    <Stack gap="xs">
      {begin.isError && <Failure error={begin.error} />}
      <Button size="md" loading={begin.isPending || begin.isSuccess} onClick={() => begin.mutate()}>
        {`Sign in with ${name}`}
      </Button>
      {signOutUrl !== null && (
        <Text size="sm">
          To sign in as another person, first{' '}
          <Anchor href={signOutUrl} inherit>
            sign out of <UserText>{name}</UserText>
          </Anchor>
          .
        </Text>
      )}
    </Stack>
  );
}
