/** Values of the settings about files and certificates. */
import { z } from 'zod';

/** Maximum size of the files of one setting, as JSON. For larger files, use packages. */
const LARGEST_FILES = 30 * 1024;

/** `/…` names a file of the system. `~/…` names a file in the home folder of the agent's user. */
const filePath = z
  .string()
  .max(255)
  .regex(/^(?:~|)(?:\/[^/\0\n]+)+$/, 'is an absolute path, or a path below ~/')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'contains no . or ..');

const accountName = z
  .string()
  .max(32)
  .regex(/^[a-z_][a-z0-9_-]*$/, 'is the name of a local user');

export const managedFileSchema = z.strictObject({
  path: filePath,
  text: z.string().max(16 * 1024),
  /** Owner of the file; null for any owner. */
  owner: accountName.nullable(),
  mode: z.string().regex(/^0[0-7]{3}$/, 'is a mode such as 0644'),
  /** Unit of systemd that must reload after a change; null for none. */
  reload: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9:_.@-]+\.service$/, 'is a unit such as ssh.service')
    .nullable(),
});
export type ManagedFile = z.output<typeof managedFileSchema>;

/** True for a file in the home folder of the agent's user. False for a file of the system. */
export const isOfUser = ({ path }: Pick<ManagedFile, 'path'>): boolean => path.startsWith('~/');

export const managedFilesSchema = z
  .array(managedFileSchema)
  .min(1)
  .max(16)
  .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, 'names each path once')
  .refine((files) => JSON.stringify(files).length <= LARGEST_FILES, 'has at most 30 KB of text in all files');

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*$/;

export const certificateSchema = z.string().max(4096).regex(CERTIFICATE, 'is one certificate in PEM');
export const certificatesSchema = z.array(certificateSchema).min(1).max(7);

/** Describes a file for people, without its text. */
export const fileText = ({ path, text, mode, owner }: ManagedFile): string =>
  `${path} (${mode}${owner === null ? '' : `, ${owner}`}, ${text.length} characters)`;
