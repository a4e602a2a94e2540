/** What ends the demo besides itself: signals, a terminal that is gone, and the death of whoever started it. */
import { existsSync, readFileSync } from 'node:fs';

const LOOK_EVERY = 500;

/** Calls `end` when one of these has come; perhaps more than once. */
export function onEnding(end: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
  const startedBy = starters();
  setInterval(() => starters() !== startedBy && end(), LOOK_EVERY).unref();
}

/** The parent and, since npm puts a shell in between that outlives it, the parent's parent there, where the system tells. */
function starters(): string {
  const parent = process.ppid;
  const stat = `/proc/${parent}/stat`;
  if (process.env['npm_lifecycle_event'] === undefined || !existsSync(stat)) return String(parent);
  // The command's name, in parentheses, may hold spaces.
  const [, grandparent] = / \S (\d+) /.exec(statOf(stat)) ?? [];
  return `${parent} ${grandparent}`;
}

function statOf(file: string): string {
  try {
    const stat = readFileSync(file, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 1);
  } catch (error) {
    // Gone between two looks, which is an answer too.
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}
