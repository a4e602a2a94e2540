import type { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Messaging } from '../messaging/messaging.ts';
import {
  conversationList,
  conversationParams,
  madeView,
  newConversation,
  peopleBody,
  peopleView,
  readBody,
  textQuery,
  titleBody,
} from './api.ts';
import { json, read, respond } from './route.ts';

export function addConversationRoutes(api: Router, messaging: Messaging): void {
  api.get(
    '/people',
    respond(peopleView, async ({ query }) => ({ people: await messaging.people(read(textQuery, query).text) })),
  );
  api.get(
    '/conversations',
    respond(conversationList, () => ({ conversations: messaging.conversations() })),
  );
  api.post(
    '/conversations',
    json,
    respond(madeView, async ({ body }) => ({ id: await messaging.start(read(newConversation, body)) })),
  );
  api.patch(
    '/conversations/:id',
    json,
    respond(done, async ({ params, body }) => {
      await messaging.rename(read(conversationParams, params).id, read(titleBody, body).title);
      return DONE;
    }),
  );
  api.delete(
    '/conversations/:id',
    respond(done, async ({ params }) => {
      await messaging.leave(read(conversationParams, params).id);
      return DONE;
    }),
  );
  api.post(
    '/conversations/:id/people',
    json,
    respond(done, async ({ params, body }) => {
      await messaging.addPeople(read(conversationParams, params).id, read(peopleBody, body).people);
      return DONE;
    }),
  );
  api.post(
    '/conversations/:id/read',
    json,
    respond(done, async ({ params, body }) => {
      await messaging.read(read(conversationParams, params).id, read(readBody, body).messages);
      return DONE;
    }),
  );
}
