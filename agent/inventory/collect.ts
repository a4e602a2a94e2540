/** Collects the sections of the inventory from one platform. A section that is switched off is not read at all. */
import type { Missing, SectionName, Sections } from '../../shared/inventory/inventory.ts';
import { sectionSchemas } from '../../shared/inventory/inventory.ts';
import type { InventoryState } from '../../shared/inventory/report.ts';
import { SECTIONS, type Section } from '../../shared/inventory/sections.ts';
import {
  cleanText,
  entryKey,
  LONGEST_NAME,
  LONGEST_VERSION,
  MOST_ENTRIES,
  type SoftwareEntry,
} from '../../shared/inventory/software.ts';

/** Reader of each inventory section on one platform; null if the platform or the machine does not offer the data. */
export type Collectors = {
  readonly [Name in SectionName]: () => Promise<NonNullable<Sections[Name]> | null>;
} & { readonly software: () => Promise<readonly SoftwareEntry[] | null> };

export type CollectInventory = (sections: ReadonlySet<Section>) => Promise<InventoryState>;

export function inventoryFrom(
  collectors: Collectors,
  onFailure: (section: Section, error: unknown) => void,
): CollectInventory {
  return async (wanted) => {
    const sections: Partial<Record<SectionName, unknown>> = {};
    const missing: Missing = {};
    let software: readonly SoftwareEntry[] = [];
    // Sections are read one after another, so that the collection does not slow down the user's work.
    for (const section of SECTIONS) {
      if (section === 'queries' || !wanted.has(section)) continue;
      try {
        if (section === 'software') {
          const entries = await collectors.software();
          if (entries === null) missing.software = 'unsupported';
          else software = sortedEntries(entries).slice(0, MOST_ENTRIES);
          continue;
        }
        const data = await collectors[section]();
        if (data === null) missing[section] = 'unsupported';
        else sections[section] = sectionSchemas[section].parse(data);
      } catch (error) {
        missing[section] = 'failed';
        onFailure(section, error);
      }
    }
    return { sections: sections as Sections, missing, software };
  };
}

/** Software entries in a fixed order without repetitions, so that equal lists have equal digests. */
export const sortedEntries = (entries: readonly SoftwareEntry[]): SoftwareEntry[] =>
  [...new Map(entries.map((entry) => [entryKey(entry), entry]))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, entry]) => entry);

/** Software entry with cleaned and shortened texts; an empty list if the software has no name. */
export function entryOf(
  source: SoftwareEntry[0],
  name: string | null | undefined,
  version: string | null | undefined,
  origin = '',
): SoftwareEntry[] {
  const clean = cleanText(name ?? '', LONGEST_NAME);
  if (clean === '') return [];
  return [
    [source, clean, cleanText(version ?? '', LONGEST_VERSION), cleanText(origin, LONGEST_NAME + 1 + LONGEST_VERSION)],
  ];
}

const NOTHING =
  /^(|-|none|n\/a|null|unknown|not specified|default string|to be filled by o\.e\.m\.|system (serial number|product name|manufacturer))$/i;

/** Cleaned text that the firmware or system reports; null if it is only a placeholder of the manufacturer. */
export function known(value: string | null | undefined, longest = 128): string | null {
  const text = cleanText(value ?? '', longest);
  return NOTHING.test(text) ? null : text;
}

export const positive = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
