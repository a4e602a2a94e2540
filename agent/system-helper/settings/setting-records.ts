/** Records of the settings that the system helper has applied, one file each. A record is durable before the first change of its setting. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../../../shared/durable-file.ts';
import { SYSTEM_SETTINGS, type SystemSetting } from '../../../shared/policy/system-settings.ts';
import { contentOf, writeWhole } from './own-file.ts';

const recordSchema = z.strictObject({
  setting: z.enum(SYSTEM_SETTINGS),
  /** Value that the helper has applied last, as JSON. */
  value: z.string(),
  /** True if the helper has applied the value completely. False while it applies the value, and after an interruption. */
  complete: z.boolean(),
  /** Facts of the part that applies the setting (`PartNote`). */
  note: z.json(),
});
export type SettingRecord = z.infer<typeof recordSchema>;

export interface SettingRecords {
  read(setting: SystemSetting): SettingRecord | null;
  write(record: SettingRecord): void;
  remove(setting: SystemSetting): void;
  all(): SettingRecord[];
}

export function openSettingRecords(folder: string): SettingRecords {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (setting: SystemSetting) => join(folder, `${setting}.json`);
  const read = (setting: SystemSetting): SettingRecord | null => {
    const text = contentOf(pathOf(setting));
    return text === null ? null : recordSchema.parse(JSON.parse(text));
  };
  return {
    read,
    write: (record) => writeWhole(pathOf(record.setting), JSON.stringify(recordSchema.parse(record))),
    remove(setting) {
      rmSync(pathOf(setting), { force: true });
      syncFolder(folder);
    },
    all: () => SYSTEM_SETTINGS.flatMap((setting) => read(setting) ?? []),
  };
}
