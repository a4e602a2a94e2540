import './app/mantine-styles.ts';
import { RouterProvider } from '@tanstack/react-router';
import { mountPage } from '../../shared/look/mount-page.tsx';
import { Gate } from './app/gate.tsx';
import { router } from './app/router.tsx';
import { watchInput } from './client/call.ts';
import { queryClient } from './client/queries.ts';
import { Toasts } from './parts/toasts.tsx';
import '../../shared/look/page.css';

watchInput();
mountPage(
  queryClient,
  <>
    <Toasts />
    <Gate>
      <RouterProvider router={router} />
    </Gate>
  </>,
);
