import express, { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Mail } from '../mail/mail.ts';
import { madeView, textQuery, uploadQuery } from './api.ts';
import {
  beforeNumber,
  draftFields,
  draftView,
  fileParams,
  folderParams,
  foundMails,
  LARGEST_FILE,
  mailIdsBody,
  mailPage,
  mailParams,
  mailReadBody,
  mailStatusView,
  mailView,
  newDraftBody,
  PAGE_OF_MAILS,
} from './mail-api.ts';
import { json, read, respond } from './route.ts';

/** Maximum bytes of a request with a draft: the largest text, with each character escaped in JSON. */
const draftJson = express.json({ limit: '2mb', strict: true });

export function mailRoutes({ mail, gate }: { readonly mail: Mail; readonly gate: () => GateView }): Router {
  const routes = Router();
  routes.get(
    '/status',
    respond(mailStatusView, () => {
      const state = mail.state();
      const { since, denials, restricted } = gate();
      const isReadable = state.state !== 'passcode' && state.state !== 'locked' && state.state !== 'wiped';
      const address = 'address' in state ? state.address : null;
      const unread = isReadable ? mail.countUnread() : 0;
      return { state: state.state, address, unread, since, denials, restricted: restricted !== undefined };
    }),
  );
  routes.get(
    '/folders/:folder',
    respond(mailPage, ({ params, query }) => {
      const { before = null } = read(beforeNumber, query);
      return { mails: mail.list(read(folderParams, params).folder, { before, limit: PAGE_OF_MAILS }) };
    }),
  );
  routes.get(
    '/search',
    respond(foundMails, ({ query }) => mail.search(read(textQuery, query).text)),
  );
  addMails(routes, mail);
  addDrafts(routes, mail);
  return routes;
}

function addMails(routes: Router, mail: Mail): void {
  routes.get(
    '/mails/:id',
    respond(mailView, ({ params }) => mail.open(read(mailParams, params).id)),
  );
  routes.get('/mails/:id/files/:index', async ({ params }, response) => {
    const { id, index } = read(fileParams, params);
    const { bytes } = await mail.file(id, index);
    response.type('application/octet-stream').attachment('attachment').send(Buffer.from(bytes));
  });
  routes.get('/mails/:id/source', async ({ params }, response) => {
    const source = await mail.source(read(mailParams, params).id);
    response.type('application/octet-stream').attachment('mail.eml').send(Buffer.from(source));
  });
  routes.post(
    '/read',
    json,
    respond(done, ({ body }) => {
      const { mails, unread } = read(mailReadBody, body);
      mail.mark(mails, unread);
      return DONE;
    }),
  );
  routes.post(
    '/remove',
    json,
    respond(done, async ({ body }) => {
      await mail.remove(read(mailIdsBody, body).mails);
      return DONE;
    }),
  );
}

function addDrafts(routes: Router, mail: Mail): void {
  const idOf = (params: unknown) => read(mailParams, params).id;
  routes.post(
    '/drafts',
    json,
    respond(madeView, async ({ body }) => {
      const { kind, of } = read(newDraftBody, body);
      return { id: await mail.createDraft(kind, of) };
    }),
  );
  routes.get(
    '/drafts/:id',
    respond(draftView, ({ params }) => mail.draft(idOf(params))),
  );
  routes.patch(
    '/drafts/:id',
    draftJson,
    respond(done, async ({ params, body }) => {
      await mail.saveDraft(idOf(params), read(draftFields, body));
      return DONE;
    }),
  );
  routes.post(
    '/drafts/:id/files',
    express.raw({ limit: LARGEST_FILE, type: () => true }),
    respond(done, async ({ params, query, body }) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      await mail.attach(idOf(params), { ...read(uploadQuery, query), bytes });
      return DONE;
    }),
  );
  routes.delete(
    '/drafts/:id/files/:index',
    respond(done, async ({ params }) => {
      const { id, index } = read(fileParams, params);
      await mail.detach(id, index);
      return DONE;
    }),
  );
  routes.post(
    '/drafts/:id/send',
    respond(done, async ({ params }) => {
      await mail.sendDraft(idOf(params));
      return DONE;
    }),
  );
}
