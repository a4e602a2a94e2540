import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { problemOf } from '../../shared/api/problems.ts';
import { CSRF_HEADER, sessionCookieName } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { CordonError, type ErrorCode } from '../../shared/errors.ts';
import { RIGHTS } from '../admins/rights.ts';
import type { Route } from './route.ts';
import { nameSchemas } from './schema-names.ts';
import { SIGN_IN_REMEDY } from './sign-in-remedy.ts';

const BYTES = { type: 'string', format: 'binary' } as const;

const REFUSALS: Readonly<Record<number, { readonly code: ErrorCode; readonly detail: string }>> = {
  400: { code: 'invalid_input', detail: 'body.name: must not be empty' },
  401: { code: 'not_signed_in', detail: SIGN_IN_REMEDY },
  403: { code: 'forbidden', detail: 'Your role does not allow this action. Ask an owner.' },
  404: { code: 'not_found', detail: 'No resource has this id. Check the id.' },
  409: { code: 'conflict', detail: 'A group with this name exists. Choose another name.' },
  413: { code: 'too_large', detail: 'The request is larger than the limit of this path.' },
  422: { code: 'unknown_area', detail: 'XX is no area. Use an ISO 3166 code.' },
  429: { code: 'rate_limited', detail: 'Too many attempts. Wait a minute and try again.' },
};

export function openApiDocument(routes: readonly Route[], version: string) {
  nameSchemas();
  const registry = new OpenAPIRegistry();
  const token = registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const cookie = { type: 'apiKey', in: 'cookie', name: sessionCookieName(false) } as const;
  const session = registry.registerComponent('securitySchemes', 'session', cookie);
  const half = { type: 'apiKey', in: 'header', name: CSRF_HEADER } as const;
  const page = registry.registerComponent('securitySchemes', 'sessionPage', half);
  const signedIn = { [session.name]: [], [page.name]: [] };
  for (const route of routes) {
    const { name, method, path, summary, params, query, body, response, statuses, raw } = route;
    const { scope, roles } = RIGHTS[name];
    const content =
      raw === 'download'
        ? { 'application/octet-stream': { schema: BYTES } }
        : raw === 'text'
          ? { 'text/plain': { schema: response } }
          : raw === 'stream'
            ? { 'text/event-stream': { schema: response } }
            : json(response);
    const sent = raw === 'upload' ? { 'application/octet-stream': { schema: BYTES } } : body ? json(body) : null;
    const access =
      scope === 'public' ? 'Public.' : scope === 'self' ? 'Any signed-in account.' : `Roles: ${roles.join(', ')}.`;
    registry.registerPath({
      method,
      path: path.replaceAll(/:(\w+)/g, '{$1}'),
      operationId: name,
      tags: [tagOf(name)],
      summary,
      description: access,
      security: scope === 'public' ? [] : [{ [token.name]: [] }, signedIn],
      request: {
        ...(params instanceof z.ZodObject ? { params } : {}),
        ...(query instanceof z.ZodObject ? { query } : {}),
        ...(sent ? { body: { content: sent, required: true } } : {}),
      },
      responses: {
        ...Object.fromEntries(statuses.map((status) => [status, { description: 'Success', content }])),
        ...Object.fromEntries(refusalsOf(route).map((status) => [status, problem(status)])),
        default: { description: 'Problem', content: { 'application/problem+json': { schema: problemSchema } } },
      },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Cordon',
      version,
      description: 'Administration of a Cordon server.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The admin listener' }],
  });
}

const tagOf = (name: string): string => name.slice(0, name.indexOf('.'));

function refusalsOf({ name, method, params, query, body, raw }: Route): number[] {
  const open = RIGHTS[name].scope === 'public';
  const changes = method !== 'get';
  const takes = body !== null || raw === 'upload';
  return [
    ...(params !== null || query !== null || takes || open ? [400] : []),
    ...(open && !changes ? [] : [401]),
    ...(open ? [] : [403]),
    ...(params === null ? [] : [404]),
    ...(changes ? [409] : []),
    ...(takes ? [413, 422] : []),
    ...(open && changes ? [429] : []),
  ];
}

function problem(status: number) {
  const refusal = REFUSALS[status];
  if (refusal === undefined) throw new Error(`no problem is described for ${status}`);
  const example = problemOf(new CordonError(refusal.code, refusal.detail));
  return { description: example.title, content: { 'application/problem+json': { schema: problemSchema, example } } };
}

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
