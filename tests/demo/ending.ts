/** External causes that end the demo: signals, a closed terminal, and the end of the parent process. */
import { onParentExit } from '../../shared/stop-signals.ts';

/** Calls `end` at each of these causes. `end` may be called more than once. */
export function onEnding(end: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
  onParentExit(end);
}
