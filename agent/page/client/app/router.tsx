/** The list, and one conversation beside it (at a desk) or instead of it (on a phone). */
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { z } from 'zod';
import { ConversationPane } from '../conversation/conversation-pane.tsx';
import { Frame } from './frame.tsx';
import { NothingChosen } from './nothing-chosen.tsx';

const root = createRootRoute({ component: Frame });

const list = createRoute({ getParentRoute: () => root, path: '/', component: NothingChosen });

export const conversationRoute = createRoute({
  getParentRoute: () => root,
  path: '/conversations/$id',
  /** The message that a search found. */
  validateSearch: z.object({ message: z.string().optional().catch(undefined) }),
  component: function Chosen() {
    const { id } = conversationRoute.useParams();
    const { message } = conversationRoute.useSearch();
    return <ConversationPane key={id} id={id} message={message} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([list, conversationRoute]),
  defaultNotFoundComponent: NothingChosen,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
