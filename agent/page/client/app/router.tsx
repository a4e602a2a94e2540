import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { z } from 'zod';
import { ConversationPane } from '../conversation/conversation-pane.tsx';
import { ChosenMail, MailArea, NoMail } from '../mail/mail-area.tsx';
import { Frame } from './frame.tsx';
import { MessagesArea } from './messages-area.tsx';
import { NoConversation } from './no-conversation.tsx';

const root = createRootRoute({ component: Frame });

const messages = createRoute({ getParentRoute: () => root, id: 'messages', component: MessagesArea });

const list = createRoute({ getParentRoute: () => messages, path: '/', component: NoConversation });

export const conversationRoute = createRoute({
  getParentRoute: () => messages,
  path: '/conversations/$id',
  validateSearch: z.object({ message: z.string().optional().catch(undefined) }),
  component: function Chosen() {
    const { id } = conversationRoute.useParams();
    const { message } = conversationRoute.useSearch();
    return <ConversationPane key={id} id={id} message={message} />;
  },
});

const mail = createRoute({ getParentRoute: () => root, path: '/mail', component: MailArea });

const mailStart = createRoute({
  getParentRoute: () => mail,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/mail/$folder', params: { folder: 'inbox' } });
  },
});

const mailFolder = createRoute({ getParentRoute: () => mail, path: '/$folder', component: NoMail });

const chosenMail = createRoute({
  getParentRoute: () => mail,
  path: '/$folder/$id',
  component: function Chosen() {
    const { folder, id } = chosenMail.useParams();
    return <ChosenMail key={id} id={id} folder={folder} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    messages.addChildren([list, conversationRoute]),
    mail.addChildren([mailStart, mailFolder, chosenMail]),
  ]),
  defaultNotFoundComponent: NoConversation,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
