/** Everything that ends the demo besides the demo itself: signals, a closed terminal, and the end of the process that started it. */
import { onParentsGone } from '../../shared/stop-signals.ts';

/** Calls `end` when one of these has come; perhaps more than once. */
export function onEnding(end: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
  onParentsGone(end);
}
