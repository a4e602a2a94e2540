import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { z } from 'zod';
import { ConversationPane } from '../conversation/conversation-pane.tsx';
import { Frame } from './frame.tsx';
import { NoConversation } from './no-conversation.tsx';

const root = createRootRoute({ component: Frame });

const list = createRoute({ getParentRoute: () => root, path: '/', component: NoConversation });

export const conversationRoute = createRoute({
  getParentRoute: () => root,
  path: '/conversations/$id',
  validateSearch: z.object({ message: z.string().optional().catch(undefined) }),
  component: function Chosen() {
    const { id } = conversationRoute.useParams();
    const { message } = conversationRoute.useSearch();
    return <ConversationPane key={id} id={id} message={message} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([list, conversationRoute]),
  defaultNotFoundComponent: NoConversation,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
