/** Renders a page with its theme and query client into the document. */
import { MantineProvider } from '@mantine/core';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { contrast, theme } from './theme.ts';

export function mountPage(client: QueryClient, page: ReactNode): void {
  // Nonce of the content security policy, for Mantine's style element with colors.
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no element with the identifier root');
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={contrast}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={client}>{page}</QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
