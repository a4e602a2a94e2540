/**
 * Everything that an attacker with accounts, an enrolled device and a token can read from a running server without the disclosure desk:
 * each route of the three listeners and each command of the command line. The lists come from the program's own tables.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Argument, Command } from 'commander';
import { z } from 'zod';
import type { Cli } from '../../server/cli/cli.ts';
import { COMMAND_GROUPS } from '../../server/cli/commands.ts';
import { CordonCommand } from '../../server/cli/cordon-command.ts';
import { type DeviceRoutesPorts, deviceRoutes } from '../../server/gateway/device-routes.ts';
import { expressApp, type PublicPorts } from '../../server/public/app.ts';
import { EST_OPERATIONS } from '../../server/public/est.ts';
import { publicRouters, type RouterPorts } from '../../server/public/public-routers.ts';

export interface Operation {
  readonly method: string;
  readonly path: string;
}

/** Ports for a table whose handlers are never called. */
const unused = <T>(): T => new Proxy({}, { get: () => unused }) as T;

export const deviceOperations = (): Operation[] =>
  deviceRoutes(unused<DeviceRoutesPorts>()).map(({ method, path }) => ({ method, path }));

/** Layers of Express, which `router.stack` lists without a type. */
interface Layer {
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

export function publicOperations(): Operation[] {
  const routers = publicRouters(unused<RouterPorts>());
  const app = expressApp({ ...unused<PublicPorts>(), ...unusedDocuments(), routers, log: { error: () => undefined } });
  const found: Operation[] = [];
  const visit = (stack: readonly Layer[]) => {
    for (const { route, handle } of stack) {
      for (const path of [route?.path ?? []].flat()) {
        for (const method of Object.keys(route?.methods ?? {})) found.push({ method: method.toUpperCase(), path });
      }
      visit(handle?.stack ?? []);
    }
  };
  visit((app as unknown as { readonly router: { readonly stack: readonly Layer[] } }).router.stack);
  for (const operation of EST_OPERATIONS) {
    const [method = '', name = ''] = operation.split(' ');
    found.push({ method, path: `/.well-known/est/${name}` });
  }
  return found;
}

const unusedDocuments = () => unused<Omit<PublicPorts, 'routers' | 'log' | 'est'>>();

const openapi = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Operations of the admin listener, as its own description lists them. */
export async function adminOperations(admin: string): Promise<Operation[]> {
  const { paths } = openapi.parse(await (await fetch(`${admin}/api/openapi.json`)).json());
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

/** Values for parameters of paths and arguments of commands, by name. Other parameters become `x`. */
export type Values = Readonly<Record<string, string>>;

/** Path with values. `/devices/{id}` and `/people/{id}` take the values `device` and `person`. */
export function filled(path: string, values: Values): string {
  return path
    .replace(/\/devices\/(\{id\}|:id)/, `/devices/${values['device']}`)
    .replace(/\/people\/(\{id\}|:id)/, `/people/${values['person']}`)
    .replaceAll(/\{(\w+)\}|[:*](\w+)/g, (_, braced?: string, plain?: string) => values[braced ?? plain ?? ''] ?? 'x');
}

/** Command lines of all commands without subcommands, with values for their arguments and required options. */
export async function commandLines(values: Values): Promise<string[][]> {
  const program = new CordonCommand('cordon');
  for (const { commands, load } of COMMAND_GROUPS) {
    for (const [name, description] of Object.entries(commands)) program.command(name).description(description);
    (await load())(program, unused<Cli>());
  }
  const lines: string[][] = [];
  const visit = (command: Command, words: readonly string[]) => {
    for (const child of command.commands) visit(child, [...words, child.name()]);
    if (command.commands.length > 0) return;
    const valueFor = (name: string) => values[name] ?? 'x';
    const options = command.options.filter(({ mandatory }) => mandatory);
    lines.push([
      ...words,
      ...command.registeredArguments.filter(({ required }: Argument) => required).map((each) => valueFor(each.name())),
      ...options.flatMap((option) => [
        option.long ?? '',
        ...(option.required ? [valueFor(option.attributeName())] : []),
      ]),
    ]);
  };
  visit(program, []);
  return lines;
}

/**
 * Whether one of the texts is in the bytes, in plain text or in Base64. Signed documents are in Base64, and the order list contains signed
 * documents itself. `depth`: number of encodings, one inside the other.
 */
export function contains(bytes: string | Buffer, texts: readonly string[], depth = 3): boolean {
  const plain = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  if (texts.some((text) => plain.includes(text))) return true;
  const encoded = depth === 0 ? [] : (plain.match(/[A-Za-z0-9+/_-]{16,}/g) ?? []);
  return encoded.some((part) => contains(Buffer.from(part, 'base64'), texts, depth - 1));
}

/** Proxy that passes only reading requests to the server, so that every command can run without an effect. */
export async function readingProxy(server: string) {
  let passed = 0;
  const proxy = createServer(async (request, response) => {
    if (request.method !== 'GET') {
      request.resume();
      response.writeHead(405).end();
      return;
    }
    passed += 1;
    const answer = await fetch(`${server}${request.url}`, {
      headers: { authorization: request.headers.authorization ?? '' },
      signal: AbortSignal.timeout(10_000),
    });
    const body = answer.headers.get('content-type')?.startsWith('text/event-stream') ? '' : await answer.bytes();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(body);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed: () => passed,
    // A client may keep its connections open for further requests.
    close: () =>
      new Promise<void>((resolve) => {
        proxy.close(() => resolve());
        proxy.closeAllConnections();
      }),
  };
}
