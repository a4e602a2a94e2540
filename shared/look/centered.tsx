/** Narrow centered column of a page without navigation, such as a sign-in. */
import { Center, Container } from '@mantine/core';
import { type ReactNode, Suspense } from 'react';
import { Loading } from './states.tsx';

export function Centered({ children }: { readonly children: ReactNode }) {
  return (
    <Center mih="100dvh" component="main">
      <Container size={460} w="100%" py="xl">
        <Suspense fallback={<Loading />}>{children}</Suspense>
      </Container>
    </Center>
  );
}
