/** Record of the newest update of the agent, one file, durable before the first change of the package. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../../shared/durable-file.ts';
import { envelopeSchema } from '../../../shared/order/documents.ts';
import { changeIdSchema } from '../../../shared/software/software-change.ts';

const recordSchema = z.strictObject({
  /** Id of the installation in the journal of changes, and of its rollback. */
  change: changeIdSchema,
  rollback: changeIdSchema,
  envelope: envelopeSchema,
  from: z.string(),
  to: z.string(),
  /** Revision of the channel. */
  revision: z.int(),
  /** Process of the agent that asked for the update. */
  instance: z.string(),
  /** `waiting`: the version is installed, and the agent has not connected since. `failed`: the device has the former version, or should. */
  state: z.enum(['installing', 'waiting', 'rolling-back', 'done', 'failed']),
  /** Attempts with this revision. */
  attempts: z.int(),
  /** Reason of a failure, for people. */
  detail: z.string(),
  /** Unix milliseconds of the last change of the record. */
  at: z.int(),
});
export type UpdateRecord = z.infer<typeof recordSchema>;

export interface UpdateRecords {
  read(): UpdateRecord | null;
  write(record: UpdateRecord): void;
}

/**
 * Opens the record. While an update is open, the folder has the file `installing`: the script of the package then does not restart the
 * helper (`agent/package/postinst`), because the helper watches the new agent.
 */
export function openUpdateRecords(folder: string): UpdateRecords {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [file, marker] = [join(folder, 'record.json'), join(folder, 'installing')];
  const mark = ({ state }: UpdateRecord) => {
    if (state === 'done' || state === 'failed') rmSync(marker, { force: true });
    else writeFileSync(marker, '');
  };
  const read = () => (existsSync(file) ? recordSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null);
  const found = read();
  if (found) mark(found);
  return {
    read,
    write(record) {
      writeSynced(`${file}.new`, JSON.stringify(recordSchema.parse(record)), 'w');
      renameSync(`${file}.new`, file);
      mark(record);
      syncFolder(folder);
    },
  };
}
