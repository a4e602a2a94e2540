import { lazy, type ReactNode, useCallback, useState } from 'react';
import { Centered } from '../../../shared/look/centered.tsx';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { LiveProvider } from '../client/live.tsx';
import { responseAtStart } from '../client/provider.ts';
import { ServerTimeProvider } from '../client/server-time.tsx';
import { SessionProvider, useSessionQuery } from '../client/session.tsx';
import { useFragmentSecret } from './fragment-secret.ts';
import { StepUp } from './step-up.tsx';

const SignIn = lazy(() => import('../sign-in/sign-in-page.tsx').then(({ SignInPage }) => ({ default: SignInPage })));
const Invitation = lazy(() =>
  import('../sign-in/invitation-page.tsx').then(({ InvitationPage }) => ({ default: InvitationPage })),
);
const Verify = lazy(() => import('../sign-in/verify-page.tsx').then(({ VerifyPage }) => ({ default: VerifyPage })));
const Provider = lazy(() =>
  import('../sign-in/provider-page.tsx').then(({ ProviderPage }) => ({ default: ProviderPage })),
);
const FirstPasskey = lazy(() =>
  import('../sign-in/first-passkey-page.tsx').then(({ FirstPasskeyPage }) => ({ default: FirstPasskeyPage })),
);
const DemoSignIn = lazy(() => import('../demo/demo-sign-in.tsx').then((module) => ({ default: module.DemoSignIn })));

export function Gate({ children }: { readonly children: ReactNode }) {
  const session = useSessionQuery();
  const [secret, forget] = useFragmentSecret();
  const [response, setResponse] = useState(responseAtStart);
  const finished = useCallback(() => setResponse(null), []);
  if (response !== null) {
    return (
      <Centered>
        <Provider response={response} done={finished} />
      </Centered>
    );
  }
  if (secret?.kind === 'invitation' || secret?.kind === 'first-owner') {
    return (
      <Centered>
        <Invitation token={secret.value} firstOwner={secret.kind === 'first-owner'} done={forget} />
      </Centered>
    );
  }
  if (secret?.kind === 'demo') {
    return (
      <Centered>
        <DemoSignIn ticket={secret.value} done={forget} />
      </Centered>
    );
  }
  if (session.data === undefined) {
    return (
      <Centered>
        {session.isError ? <Failure error={session.error} retry={() => void session.refetch()} /> : <Loading />}
      </Centered>
    );
  }
  if (session.data === null) {
    return (
      <Centered>
        <SignIn />
      </Centered>
    );
  }
  if (session.data.passkeyPending) {
    return (
      <Centered>
        <FirstPasskey />
        <StepUp />
      </Centered>
    );
  }
  if (secret?.kind === 'verify') {
    return (
      <Centered>
        <Verify token={secret.value} account={session.data.account} done={forget} />
      </Centered>
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
