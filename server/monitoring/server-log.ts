/** The server's log: JSON, one line for each entry, on standard error. Pino escapes line breaks, so that no value can add a line. */
import pino, { type Logger } from 'pino';

/** The last guard against a secret in the log. No code passes these fields to the log on purpose. */
const SECRETS = ['password', 'passphrase', 'totp', 'totpSecret', 'secret', 'token', 'cookie', 'authorization'];

export function createServerLog(level: string, destination: pino.DestinationStream = pino.destination(2)): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino({ level, base: null, redact: { paths, censor: '[removed]' } }, destination);
}
