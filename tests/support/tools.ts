/**
 * Programs that a developer's machine may lack. A test that needs a missing program is skipped, and `npm test` names the program at its
 * end. With `CI` set, a missing program is a failure, so that no test is skipped unnoticed.
 */
import { appendFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Tool {
  /** For `it.skipIf(!tool.present)`. */
  readonly present: boolean;
}

const said = new Set<string>();

/** Searches the program `name` on the PATH. `howToGet`: how to install it. With `CI` set, throws an error if it is missing. */
export function tool(name: string, howToGet: string): Tool {
  return needed(name, howToGet, onPath(name));
}

/** Reports a condition other than a program on the PATH, such as a configured database. */
export function needed(name: string, howToGet: string, present: boolean): Tool {
  if (present) return { present };
  const line = `${name} (${howToGet})`;
  if (process.env['CI']) throw new Error(`under CI nothing may be left out: ${line}`);
  const file = process.env['CORDON_LEFT_OUT'];
  if (file && !said.has(line)) appendFileSync(file, `${line}\n`);
  said.add(line);
  return { present };
}

/** For tests that change users or mount file systems. */
export const root = (): Tool => needed('root', 'run the tests as root', process.getuid?.() === 0);

/** For tests that read files of Linux, such as `/proc`. */
export const linux = (): Tool => needed('Linux', 'run the tests on Linux', process.platform === 'linux');

/** For tests of file modes and signals. */
export const posix = (): Tool => needed('POSIX', 'run the tests on Linux or macOS', process.platform !== 'win32');

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .some((folder) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() ?? false);
}
