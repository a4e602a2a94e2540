/** The OpenAPI 3.1 document, made from the routes themselves. */
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CSRF_HEADER, sessionCookieName } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { RIGHTS } from '../admins/roles.ts';
import type { Route } from './route.ts';

const BYTES = { type: 'string', format: 'binary' } as const;

export function openApiDocument(routes: readonly Route[], version: string) {
  const registry = new OpenAPIRegistry();
  const token = registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const cookie = { type: 'apiKey', in: 'cookie', name: sessionCookieName(false) } as const;
  const session = registry.registerComponent('securitySchemes', 'session', cookie);
  const half = { type: 'apiKey', in: 'header', name: CSRF_HEADER } as const;
  const page = registry.registerComponent('securitySchemes', 'sessionPage', half);
  const signedIn = { [session.name]: [], [page.name]: [] };
  for (const { name, method, path, summary, params, query, body, response, statuses, raw } of routes) {
    const { scope, roles } = RIGHTS[name];
    const answer =
      raw === 'download'
        ? { 'application/octet-stream': { schema: BYTES } }
        : raw === 'text'
          ? { 'text/plain': { schema: response } }
          : raw === 'stream'
            ? { 'text/event-stream': { schema: response } }
            : json(response);
    const content = raw === 'upload' ? { 'application/octet-stream': { schema: BYTES } } : body ? json(body) : null;
    const said = scope === 'public' ? 'Public.' : scope === 'self' ? 'Signed in.' : `Roles: ${roles.join(', ')}.`;
    registry.registerPath({
      method,
      path: path.replaceAll(/:(\w+)/g, '{$1}'),
      operationId: name,
      tags: [name.slice(0, name.indexOf('.'))],
      summary,
      description: said,
      security: scope === 'public' ? [] : [{ [token.name]: [] }, signedIn],
      request: {
        ...(params instanceof z.ZodObject ? { params } : {}),
        ...(query instanceof z.ZodObject ? { query } : {}),
        ...(content ? { body: { content, required: true } } : {}),
      },
      responses: {
        ...Object.fromEntries(statuses.map((status) => [status, { description: 'Done', content: answer }])),
        default: {
          description: 'Refused',
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Cordon', version, description: 'Administration of a Cordon server.' },
  });
}

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
