/** The console: mounts the gate, and behind it the pages. */
import './app/mantine-styles.ts';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { contrast, theme } from '../../shared/look/theme.ts';
import { Gate } from './app/gate.tsx';
import { router } from './app/router.tsx';
import { watchInput } from './client/call.ts';
import { queryClient } from './client/queries.ts';
import { Notices } from './parts/notices.tsx';
import '../../shared/look/page.css';

/** Of this answer's policy: Mantine writes its colours into a style element. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no root');
watchInput();
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={contrast}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queryClient}>
        <Notices />
        <Gate>
          <RouterProvider router={router} />
        </Gate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
