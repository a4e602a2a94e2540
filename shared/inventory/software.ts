/** One entry of a device's software list, and the limits of the list. */
import { z } from 'zod';

/**
 * Source of a software title: the package manager or the system list that names it. The source decides the order of versions
 * (`version-order.ts`).
 */
export const SOFTWARE_SOURCES = ['dpkg', 'rpm', 'flatpak', 'snap', 'windows', 'macos'] as const;
export type SoftwareSource = (typeof SOFTWARE_SOURCES)[number];
export const softwareSourceSchema = z.enum(SOFTWARE_SOURCES);

export const LONGEST_NAME = 128;
export const LONGEST_VERSION = 128;
/** Maximum number of entries of one device, and of changes in one report. */
export const MOST_ENTRIES = 20_000;
export const MOST_CHANGES = 4_000;

/**
 * Name, version and origin of an installed package, by source. The origin is the source package (Debian Policy, section 5.6.1) from which
 * the package was built, with its version if it differs: `gcc-defaults 1.214`. Advisories of Debian and Ubuntu name source packages. An
 * empty origin means that name and version of the source package are equal to the package's own.
 */
export const softwareEntrySchema = z.tuple([
  softwareSourceSchema,
  z.string().min(1).max(LONGEST_NAME),
  z.string().max(LONGEST_VERSION),
  z.string().max(LONGEST_NAME + 1 + LONGEST_VERSION),
]);
export type SoftwareEntry = z.infer<typeof softwareEntrySchema>;

/** Key of an entry. Only equal entries have equal keys, because no field contains a zero byte. */
export const entryKey = (entry: SoftwareEntry): string => entry.join('\0');

/** Splits an origin into name and version of the source package. */
export function originOf([, name, version, origin]: SoftwareEntry): {
  readonly name: string;
  readonly version: string;
} {
  if (origin === '') return { name, version };
  const space = origin.indexOf(' ');
  return space < 0 ? { name: origin, version } : { name: origin.slice(0, space), version: origin.slice(space + 1) };
}

/** Removes characters that a store or a terminal cannot handle, and shortens the text. */
export const cleanText = (value: string, most: number): string =>
  value
    .replaceAll(/\p{Cc}/gu, ' ')
    .toWellFormed()
    .trim()
    .slice(0, most)
    .toWellFormed();
