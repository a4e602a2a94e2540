/** Files of the folder that the organization shares with the user. */
import express, { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import type { Agent } from '../agent.ts';
import type { OrganizationFiles } from '../workspace/organization-files.ts';
import { fileBody, fileQuery, filesView } from './api.ts';
import { json, read, respond } from './route.ts';

export function fileRoutes(files: OrganizationFiles, agent: Pick<Agent, 'fetchedFiles'>): Router {
  const routes = Router();
  routes.get(
    '/',
    respond(filesView, async () => {
      const state = files.state();
      return { state, files: state === 'open' ? await files.list() : [], fetched: agent.fetchedFiles() };
    }),
  );
  routes.post(
    '/',
    express.raw({ limit: LARGEST_FILE, type: () => true }),
    respond(done, async ({ query, body }) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      await files.put(read(fileQuery, query).name, bytes);
      return DONE;
    }),
  );
  routes.get('/content', async ({ query }, response) => {
    const bytes = await files.get(read(fileQuery, query).name);
    response.type('application/octet-stream').attachment('file').send(bytes);
  });
  routes.post(
    '/remove',
    json,
    respond(done, async ({ body }) => {
      await files.remove(read(fileBody, body).name);
      return DONE;
    }),
  );
  return routes;
}
