import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Router } from 'express';
import type { Messaging } from '../messaging/messaging.ts';
import {
  attachmentParams,
  beforeQuery,
  conversationParams,
  foundView,
  LARGEST_ATTACHMENT,
  madeView,
  messagePage,
  newMessage,
  PAGE_OF_MESSAGES,
  textQuery,
  uploadQuery,
} from './api.ts';
import { json, read, respond } from './route.ts';
import { createUploads } from './uploads.ts';

export function addMessageRoutes(api: Router, messaging: Messaging): void {
  api.get(
    '/conversations/:id/messages',
    respond(messagePage, ({ params, query }) => {
      const { before } = read(beforeQuery, query);
      const page = { limit: PAGE_OF_MESSAGES, ...(before !== undefined && { before }) };
      return { messages: messaging.messages(read(conversationParams, params).id, page) };
    }),
  );
  const uploads = createUploads();
  api.post(
    '/conversations/:id/messages',
    json,
    respond(madeView, async ({ params, body }) => {
      const { text, attachments } = read(newMessage, body);
      const taken = uploads.get(attachments, Date.now());
      const id = await messaging.send(read(conversationParams, params).id, { text, attachments: taken });
      uploads.drop(attachments);
      return { id };
    }),
  );
  api.post(
    '/uploads',
    express.raw({ limit: LARGEST_ATTACHMENT, type: () => true }),
    respond(madeView, ({ query, body }) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return { id: uploads.add({ ...read(uploadQuery, query), bytes }, Date.now()) };
    }),
  );
  api.get('/messages/:id/attachments/:index', async ({ params }, response) => {
    const { id, index } = read(attachmentParams, params);
    const { bytes } = await messaging.attachment(id, index);
    response.type('application/octet-stream').attachment('attachment').send(Buffer.from(bytes));
  });
  api.get(
    '/search',
    respond(foundView, ({ query }) => ({ messages: messaging.search(read(textQuery, query).text) })),
  );
  api.get('/export', async (_request, response) => {
    const lines = await withFirst(messaging.export());
    response.type('application/x-ndjson').attachment('cordon-messages.jsonl');
    await pipeline(Readable.from(lines), response);
  });
}

/**
 * Reads the first line of the export before the route responds. An export that fails at once can then give an error response instead of a
 * broken download.
 */
async function withFirst(exported: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const rest = exported[Symbol.asyncIterator]();
  const first = await rest.next();
  return (async function* () {
    for (let at = first; !at.done; at = await rest.next()) yield `${at.value}\n`;
  })();
}
