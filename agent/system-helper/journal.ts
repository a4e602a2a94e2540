/** Records of changes, one file each, durable before the first change of a package. They make a change repeatable and reversible. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../shared/durable-file.ts';
import { commandIdSchema } from '../../shared/protocol/ids.ts';
import { changeIdSchema } from '../../shared/software/software-change.ts';
import { helperResponseSchema, packageStepSchema } from './requests.ts';

const recordSchema = z.strictObject({
  change: changeIdSchema,
  /** Newest attempt. */
  attempt: commandIdSchema,
  /** Request as JSON, without its attempt. */
  request: z.string(),
  /** Steps of all attempts: the version before the first attempt, and the planned version. */
  steps: z.array(packageStepSchema),
  /** Result of the newest attempt; null while it runs, and if the helper ended before it. */
  result: helperResponseSchema.nullable(),
  /** Unix milliseconds. */
  startedAt: z.int(),
});
export type ChangeRecord = z.infer<typeof recordSchema>;

/** Maximum number of records. The oldest records are deleted first. */
const MOST_RECORDS = 200;

export interface Journal {
  read(change: string): ChangeRecord | null;
  write(record: ChangeRecord): void;
  /** Changes that have no result, because the helper ended while it made them. */
  interrupted(): ChangeRecord[];
}

export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (change: string) => join(folder, `${change}.json`);
  const read = (change: string): ChangeRecord | null => {
    let text: string;
    try {
      text = readFileSync(pathOf(changeIdSchema.parse(change)), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
    return recordSchema.parse(JSON.parse(text));
  };
  const all = (): ChangeRecord[] =>
    readdirSync(folder)
      .flatMap((name) => (name.endsWith('.json') ? (read(name.slice(0, -'.json'.length)) ?? []) : []))
      .sort((a, b) => a.startedAt - b.startedAt);
  return {
    read,
    write(record) {
      const path = pathOf(record.change);
      writeSynced(`${path}.new`, JSON.stringify(recordSchema.parse(record)), 'w');
      renameSync(`${path}.new`, path);
      syncFolder(folder);
      const records = all();
      for (const { change } of records.slice(0, Math.max(0, records.length - MOST_RECORDS))) rmSync(pathOf(change));
    },
    interrupted: () => all().filter(({ result }) => result === null),
  };
}
