import './app/mantine-styles.ts';
import { RouterProvider } from '@tanstack/react-router';
import '../../../shared/areas/register-part-names.ts';
import { LiveUpdates } from '../../../shared/look/live-updates.tsx';
import { mountPage } from '../../../shared/look/mount-page.tsx';
import { refetchStale } from '../../../shared/look/refetch-stale.ts';
import { Gate } from './app/gate.tsx';
import { router } from './app/router.tsx';
import { queryClient } from './client/queries.ts';
import '../../../shared/look/page.css';

/** A hidden tab keeps the event stream open, because the tab's title shows the number of unread messages. */
const EVENTS = {
  url: '/api/events',
  hiddenFor: null,
  onDown: refetchStale,
  onChanged: (client: typeof queryClient) => refetchStale(client),
};

mountPage(
  queryClient,
  <Gate>
    <LiveUpdates stream={EVENTS}>
      <RouterProvider router={router} />
    </LiveUpdates>
  </Gate>,
);
