/** Passcode of the workspace. */
import { Router } from 'express';
import type { Agent } from '../agent.ts';
import { passcodeBody, passcodeChangeBody, passcodeView } from './api.ts';
import { json, read, respond } from './route.ts';

export function passcodeRoutes({ passcode }: Pick<Agent, 'passcode'>): Router {
  const routes = Router();
  routes.get('/', respond(passcodeView, passcode.view));
  for (const action of ['set', 'enter', 'remove'] as const) {
    routes.post(
      `/${action}`,
      json,
      respond(passcodeView, async ({ body }) => {
        await passcode[action](read(passcodeBody, body).passcode);
        return passcode.view();
      }),
    );
  }
  routes.post(
    '/change',
    json,
    respond(passcodeView, async ({ body }) => {
      const { current, next } = read(passcodeChangeBody, body);
      await passcode.change(current, next);
      return passcode.view();
    }),
  );
  routes.post(
    '/lock',
    respond(passcodeView, async () => {
      await passcode.lock();
      return passcode.view();
    }),
  );
  return routes;
}
