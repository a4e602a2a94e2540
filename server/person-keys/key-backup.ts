/**
 * Backup of the keys of people, apart from the backup of the database (ADR 55). UTF-8, one JSON document per line: first the head, then one
 * key per line, wrapped as in the key file. The caller encrypts the text for the recipient of backups.
 */
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import { KEY_USES, type KeyName } from './person-keys.ts';

const DAY = 86_400_000;
const FORMAT = 'cordon-person-keys-1';

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  installation: z.string(),
  /** Id of the key file, which the database also records. */
  id: z.string(),
  at: z.int().min(0),
});
export const wrappedKeySchema = z.strictObject({
  person: personIdSchema,
  use: z.enum(Object.keys(KEY_USES) as [keyof typeof KEY_USES]),
  period: z.int(),
  wrapped: z.string(),
});

export type WrappedKey = KeyName & { readonly wrapped: string };

export interface KeyBackup {
  readonly installation: string;
  readonly id: string;
  readonly at: number;
  readonly keys: readonly WrappedKey[];
}

export function* encodeKeyBackup(
  { installation, id, at }: Omit<KeyBackup, 'keys'>,
  slices: Iterable<readonly WrappedKey[]>,
): Generator<Buffer> {
  yield Buffer.from(`${JSON.stringify({ format: FORMAT, installation, id, at })}\n`);
  for (const slice of slices) yield Buffer.from(slice.map((key) => `${JSON.stringify(key)}\n`).join(''));
}

/** Parses a backup of keys. Throws `backup_damaged` for a text of another format. */
export function readKeyBackup(text: string): KeyBackup {
  try {
    const [head = '', ...lines] = text.trimEnd().split('\n');
    const { installation, id, at } = headSchema.parse(JSON.parse(head));
    return { installation, id, at, keys: lines.map((line) => wrappedKeySchema.parse(JSON.parse(line))) };
  } catch (error) {
    throw new CordonError(
      'backup_damaged',
      'The file is not a backup of the keys of people. Use the file with the ending .keys that cordon backup wrote.',
      {},
      error,
    );
  }
}

/**
 * Throws `backup_damaged` for a backup of another installation or one that is too old. An old backup would restore keys that the server has
 * destroyed. The function is pure.
 */
export function requireUsable(
  { installation, at }: KeyBackup,
  expected: { readonly installation: string; readonly days: number; readonly now: number },
): void {
  if (installation !== expected.installation) {
    throw new CordonError(
      'backup_damaged',
      `The keys belong to installation ${installation}, not to ${expected.installation}. Use a key backup of this installation.`,
    );
  }
  if (expected.now - at <= expected.days * DAY) return;
  const detail = `The backup of the keys is older than ${expected.days} days, the time for which such a backup is kept. It may contain keys that were destroyed. Use a newer one.`;
  throw new CordonError('backup_damaged', detail, { at });
}
