/** The server's log: JSON, one line for each entry, on standard error. Pino escapes line breaks, so that no value can add a line. */
import pino, { type Logger } from 'pino';
import { REMOVED, redactLine, SECRET_FIELDS } from './redact-line.ts';

/** Guards against secrets in the log. The code logs none on purpose, so the guards only catch mistakes. */
export function createServerLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Logger {
  // A secret that is an object is removed before it becomes text.
  const paths = SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  return pino(
    { level, base: null, redact: { paths, censor: REMOVED }, hooks: { streamWrite: redactLine } },
    destination,
  );
}
