/** Lets in whoever is signed in; shows everybody else how to become so. Links that sign in or invite carry their secret behind `#`, which no server log sees. */
import { Center, Container } from '@mantine/core';
import { lazy, type ReactNode, Suspense } from 'react';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { LiveProvider } from '../client/live.tsx';
import { ServerTimeProvider } from '../client/server-time.tsx';
import { SessionProvider, useSessionQuery } from '../client/session.tsx';
import { useFragmentSecret } from './fragment-secret.ts';

const SignIn = lazy(() => import('../sign-in/sign-in-page.tsx').then(({ SignInPage }) => ({ default: SignInPage })));
const Invitation = lazy(() =>
  import('../sign-in/invitation-page.tsx').then(({ InvitationPage }) => ({ default: InvitationPage })),
);
const DemoSignIn = lazy(() => import('../demo/demo-sign-in.tsx').then((module) => ({ default: module.DemoSignIn })));

export function Gate({ children }: { readonly children: ReactNode }) {
  const session = useSessionQuery();
  const [secret, forget] = useFragmentSecret();
  if (secret?.kind === 'invitation' || secret?.kind === 'first-owner') {
    return (
      <Alone>
        <Invitation token={secret.value} firstOwner={secret.kind === 'first-owner'} done={forget} />
      </Alone>
    );
  }
  if (secret?.kind === 'demo') {
    return (
      <Alone>
        <DemoSignIn ticket={secret.value} done={forget} />
      </Alone>
    );
  }
  if (session.data === undefined) {
    return (
      <Alone>
        {session.isError ? <Failure error={session.error} retry={() => void session.refetch()} /> : <Loading />}
      </Alone>
    );
  }
  if (session.data === null) {
    return (
      <Alone>
        <SignIn />
      </Alone>
    );
  }
  return (
    <SessionProvider key={session.data.account.id} session={session.data}>
      <LiveProvider>
        <ServerTimeProvider>{children}</ServerTimeProvider>
      </LiveProvider>
    </SessionProvider>
  );
}

function Alone({ children }: { readonly children: ReactNode }) {
  return (
    <Center mih="100dvh" component="main">
      <Container size={460} w="100%" py="xl">
        <Suspense fallback={<Loading />}>{children}</Suspense>
      </Container>
    </Center>
  );
}
