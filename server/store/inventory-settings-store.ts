import { z } from 'zod';
import { SECTIONS } from '../../shared/inventory/sections.ts';
import type { SectionSettings, SettingsStore } from '../inventory/ports.ts';
import type { Database } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'inventory.sections';

const settingsSchema = z.strictObject({
  off: z.array(z.enum(SECTIONS)),
  at: z.int().nullable(),
  by: z.string().nullable(),
});

export class InventorySettingsStore implements SettingsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(): Promise<SectionSettings> {
    const text = await getMeta(this.#database.db, KEY);
    return text === null ? { off: [], at: null, by: null } : settingsSchema.parse(JSON.parse(text));
  }

  write(settings: SectionSettings): Promise<void> {
    return setMeta(this.#database.db, KEY, JSON.stringify(settings));
  }
}
