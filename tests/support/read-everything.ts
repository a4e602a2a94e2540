/** Reads everything that an admin of a restored server can list, over the API and with `cordon`. */
import { z } from 'zod';
import { isCordonError } from '../../shared/errors.ts';
import { runInProcess } from './in-process-cli.ts';
import type { Caller } from './people.ts';
import { commandLines } from './record-scan.ts';

const routeSchema = z.looseObject({ get: z.looseObject({ responses: z.record(z.string(), z.unknown()) }).optional() });

/** Values for parameters of paths and arguments of commands, by the parameter's name. */
interface Subjects {
  readonly orders: readonly string[];
  readonly devices: readonly string[];
}

/**
 * Reads each JSON resource of the API that has no parameter except for the number of an order or the id of a device. Returns the paths that
 * fail inside the server.
 */
export async function unreadablePaths(admin: string, owner: Caller, { orders, devices }: Subjects): Promise<string[]> {
  const document: unknown = await (await fetch(`${admin}/api/openapi.json`)).json();
  const { paths } = z.looseObject({ paths: z.record(z.string(), routeSchema) }).parse(document);
  const broken: string[] = [];
  let reads = 0;
  for (const [path, { get }] of Object.entries(paths)) {
    if (!get || !JSON.stringify(get.responses).includes('"application/json"')) continue;
    // Without an order, a path with the number of an order answers that there is no such order.
    const filled = (orders.length > 0 ? orders : ['x']).flatMap((order) =>
      devices.map((device) => path.replace('{number}', order).replace('/devices/{id}', `/devices/${device}`)),
    );
    for (const each of new Set(filled.filter((one) => !one.includes('{')))) {
      reads += 1;
      await owner.call('GET', each.replace(/^\/api\/v1/, ''), z.unknown()).catch((error: unknown) => {
        if (!isCordonError(error) || error.code === 'internal') broken.push(`${each}: ${error}`);
      });
    }
  }
  if (reads < 50) throw new Error(`only ${reads} paths of the API were read`);
  return broken;
}

/** Runs each command of `cordon` that lists something. Returns the command lines that fail inside the server or inside the command. */
export async function failingLists(
  env: Readonly<Record<string, string>>,
  { orders, devices }: Subjects,
): Promise<string[]> {
  const lines = await commandLines({ number: orders[0] ?? '', order: orders[0] ?? '', device: devices[0] ?? '' });
  const lists = lines.filter((line) => line.includes('list'));
  if (lists.length < 25) throw new Error(`only ${lists.length} commands list something`);
  const broken: string[] = [];
  for (const line of lists) {
    const { code, err } = await runInProcess(line, env);
    if (code !== 0 && !ANSWERED.test(err)) broken.push(`cordon ${line.join(' ')}: ${code} ${err}`);
  }
  return broken;
}

/** Errors of a command whose argument names nothing, such as `x`, or whose list another role reads. The server answered with a known code. */
const ANSWERED = /\[(not_found|device_unknown|invalid_input|forbidden)\]/;
