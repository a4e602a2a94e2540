/** Packages of the organization itself: the statement about the file that a person signs. */
import { z } from 'zod';
import { base64, sha256Hex } from '../order/documents.ts';

/** Maximum size of a package file in bytes. */
export const LARGEST_PACKAGE = 64 * 1024 * 1024;

/** Fields of the file's control data (Debian Policy 5.3), with the file's digest. A device verifies each of them before it installs the file. */
export const ownPackageSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,127}$/, { error: 'not the name of a Debian package' }),
  version: z.string().regex(/^[0-9][A-Za-z0-9.+~:-]{0,127}$/, { error: 'not the version of a Debian package' }),
  architecture: z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/, { error: 'not an architecture, such as amd64 or all' }),
  sha256: sha256Hex,
  size: z.int().min(1).max(LARGEST_PACKAGE),
});
export type OwnPackage = z.infer<typeof ownPackageSchema>;

/** Public key of a person that may sign packages. `rpId`: relying party id of a passkey. */
export const packageSignerSchema = z.strictObject({
  publicKey: base64.max(1000),
  rpId: z.string().max(253).optional(),
});
