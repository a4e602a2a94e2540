/**
 * What a newcomer's machine may lack. A test that needs such a tool is skipped without it and says so in one line at the end of
 * `npm test`; under CI a lacking tool is a failure, so that nothing is left out where it counts.
 */
import { appendFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Tool {
  /** For `it.skipIf(!tool.present)`. */
  readonly present: boolean;
}

const said = new Set<string>();

/** Looks for the program `name` on the PATH. `howToGet` is what a person types to have it. Throws under CI when it is lacking. */
export function tool(name: string, howToGet: string): Tool {
  return needed(name, howToGet, onPath(name));
}

/** The same for what is no program on the PATH, such as a database that somebody must name. */
export function needed(name: string, howToGet: string, present: boolean): Tool {
  if (present) return { present };
  const line = `${name} (${howToGet})`;
  if (process.env['CI']) throw new Error(`under CI nothing may be left out: ${line}`);
  const file = process.env['CORDON_LEFT_OUT'];
  if (file && !said.has(line)) appendFileSync(file, `${line}\n`);
  said.add(line);
  return { present };
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .some((folder) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() ?? false);
}
