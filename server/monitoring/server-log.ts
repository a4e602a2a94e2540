/** The server's log: one line of JSON per entry, on standard error. Pino escapes line breaks, so no value can add a line. */
import pino, { type Logger } from 'pino';
import { REMOVED, redactLine, SECRET_FIELDS } from './redact-line.ts';

/** The code passes no secrets to the log. These guards only catch mistakes. */
export function createServerLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Logger {
  // Fields whose values pino replaces before it creates the line, because `redactLine` does not find a secret that is an object.
  const paths = SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  return pino(
    { level, base: null, redact: { paths, censor: REMOVED }, hooks: { streamWrite: redactLine } },
    destination,
  );
}
