/** The server's log: one line of JSON per entry, on standard error. Pino escapes line breaks, so no value can add a line. */
import pino, { type Logger } from 'pino';
import { REMOVED, redactLine, SECRET_FIELDS } from './redact-line.ts';

/**
 * Creates the server's log. Secrets are removed from each line only as a precaution, because callers must never pass secrets to the log.
 */
export function createServerLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Logger {
  // Fields whose values pino replaces before it creates the line, because `redactLine` does not find a secret that is an object.
  const paths = SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  return pino(
    { level, base: null, redact: { paths, censor: REMOVED }, hooks: { streamWrite: redactLine } },
    destination,
  );
}
