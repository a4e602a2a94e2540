/** Sends the agent's own log to the server, for the command `collect-logs`. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_LOG } from '../../shared/protocol/device-http.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { DeviceListener } from '../link/http.ts';

export interface CollectLogsPorts extends DeviceListener {
  /** Lines of the log, oldest first; absent in simulations. */
  readonly readLog: (() => string) | undefined;
}

/** Texts that are or may be secrets: PEM blocks, passwords in addresses, and long texts in base64 or base32, such as keys and codes. */
const SECRETS = [
  /-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----/gs,
  /(?<=:\/\/[^\s/:@"]{0,200}:)[^\s/@"]+(?=@)/g,
  /(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/-]{32,}={0,2}(?![\w+/=-])/g,
];

/** The agent logs no secrets itself. This filter is a second line of defense against texts of other programs in error messages. */
export const withoutSecrets = (log: string): string =>
  SECRETS.reduce((text, secret) => text.replaceAll(secret, '[removed]'), log);

/** Returns the sentence for the admin. Rejects if the server does not accept the log. */
export async function collectLogs({ readLog, deviceUrl, http }: CollectLogsPorts, command: CommandId): Promise<string> {
  if (!readLog) throw new CordonError('unavailable', 'This agent keeps no log.');
  const log = withoutSecrets(readLog());
  const { body, lines } = await fitting(log);
  const { status } = await http()(new URL(`/device/logs/${command}`, deviceUrl()), {
    method: 'PUT',
    headers: { 'content-type': 'application/gzip' },
    body,
  });
  if (status !== 204)
    throw new CordonError('unavailable', `The server refused the log with the HTTP status ${status}.`);
  return `The agent sent ${lines} lines of its log, ${body.length} bytes after compression.`;
}

/** Compressed log that the server accepts. Drops the oldest half of the lines until the rest fits. */
async function fitting(log: string): Promise<{ readonly body: Buffer; readonly lines: number }> {
  for (let lines = log.split('\n').filter((line) => line !== ''); ; lines = lines.slice(Math.ceil(lines.length / 2))) {
    const body = await promisify(gzip)(`${lines.join('\n')}\n`);
    if (body.length <= LARGEST_LOG || lines.length === 0) return { body, lines: lines.length };
  }
}
