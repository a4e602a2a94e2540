import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { EXAMPLES, NAMED_SCHEMAS } from './schema-names.ts';

interface Schema {
  readonly $ref?: string;
  readonly examples?: readonly unknown[];
}
interface Message {
  readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly requestBody?: Message;
  readonly responses: Readonly<Record<string, Message>>;
}

let api: ApiServer;
let document: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
const folder = mkdtempSync(join(tmpdir(), 'cordon-openapi-'));
const file = join(folder, 'openapi.json');
const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(resolve('node_modules/.bin', program), args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
};

beforeAll(async () => {
  const endpoint = { device: newDeviceId(), user: 'Zoë' };
  api = await startApi({
    demo: {
      now: () => 0,
      jump: async () => undefined,
      message: () => ({ from: endpoint, to: endpoint }),
      send: async () => ({ outcome: 'delivered', order: null, detail: '' }),
      session: async () => null,
    },
  });
  document = (await api.request('GET', '/api/openapi.json')).json;
  writeFileSync(file, JSON.stringify(document));
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

describe('the OpenAPI document', () => {
  it('names its schemas, and gives each operation a one-line summary and its problems with examples', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['AccountView', 'DeviceView', 'NewCommand', 'OrderView', 'Problem']),
    );
    for (const { operationId, summary, responses } of Object.values(document.paths).flatMap(Object.values<Operation>)) {
      expect(summary, operationId).toMatch(/^[A-Z][^\n]{2,99}$/);
      const problems = Object.entries(responses).filter(([status]) => /^4/.test(status));
      const silent = ['health.live', 'health.ready', 'metrics.show', 'openapi.show'].includes(operationId);
      expect(problems.length > 0 || silent, operationId).toBe(true);
      for (const [, { content }] of problems) expect(content?.['application/problem+json']?.example).toBeDefined();
    }
  });

  it('has an example for each JSON body and each successful JSON response', () => {
    const { schemas } = document.components;
    for (const { operationId, requestBody, responses } of Object.values(document.paths).flatMap(
      Object.values<Operation>,
    )) {
      const successes = Object.entries(responses).filter(([status]) => /^2/.test(status));
      for (const [status, message] of [['body', requestBody] as const, ...successes]) {
        const schema = message?.content?.['application/json']?.schema;
        if (schema === undefined) continue;
        const named = schema.$ref === undefined ? schema : schemas[schema.$ref.replace('#/components/schemas/', '')];
        expect(named?.examples, `${operationId} ${status}`).toHaveLength(1);
      }
    }
  });

  it.each(Object.entries(EXAMPLES))('has a valid example %s without unknown fields', (name, example) => {
    expect(NAMED_SCHEMAS.get(name)?.parse(example)).toMatchObject(z.looseObject({}).parse(example));
  });

  it('passes redocly lint without an error or a warning', () => {
    const { status, said: output } = run(
      'redocly',
      'lint',
      file,
      '--config',
      resolve('redocly.yaml'),
      '--format',
      'summary',
    );
    expect(output).not.toMatch(/\d+ (?:error|warning)/);
    expect(status, output).toBe(0);
  });

  it('generates a client that compiles and types paths, bodies and problems', { timeout: 120_000 }, () => {
    const generated = run('openapi-typescript', file, '--output', join(folder, 'api.d.ts'));
    expect(generated.status, generated.said).toBe(0);
    const client = `import type { components, paths } from './api.d.ts';
      type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends { requestBody: { content: { 'application/json': infer B } } } ? B : never;
      type Result<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends { responses: { 200: { content: { 'application/json': infer R } } } } ? R : never;
      const problem = async (response: Response): Promise<components['schemas']['Problem']> => response.json();
      async function post<P extends keyof paths>(path: P, body: Body<P, 'post'>): Promise<Result<P, 'post'>> {
        const response = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
        if (!response.ok) throw new Error((await problem(response)).detail);
        return response.json();
      }
      async function get<P extends keyof paths>(path: P): Promise<Result<P, 'get'>> {
        return (await fetch(path)).json();
      }
      export async function use(): Promise<string[]> {
        const { account } = await post('/api/v1/session', { email: 'ada@example.org', password: 'a password' });
        const { devices } = await get('/api/v1/devices');
        const { orders } = await get('/api/v1/orders');
        // @ts-expect-error The password is missing.
        await post('/api/v1/session', { email: 'ada@example.org' });
        const person: components['schemas']['AccountView'] = account;
        return [person.id, ...devices.map(({ id }) => id), ...orders.map(({ number }) => number)];
      }`;
    writeFileSync(join(folder, 'client.ts'), client);
    const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--allowImportingTsExtensions'];
    const types = ['--target', 'esnext', '--module', 'esnext', '--moduleResolution', 'bundler'];
    const compiled = run('tsc', ...options, ...types, '--ignoreConfig', join(folder, 'client.ts'));
    expect(compiled.said).toBe('');
    expect(compiled.status).toBe(0);
  });
});
