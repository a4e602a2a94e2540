/** Packages of the organization itself: the statement about the file that a person signs. */
import { z } from 'zod';
import { base64, sha256Hex } from '../order/documents.ts';

/** Maximum size of a package file in bytes. */
export const LARGEST_PACKAGE = 64 * 1024 * 1024;

/** `deb`: a Debian package, which apt installs. `rpm`: an RPM package, which dnf installs. */
export const PACKAGE_FORMATS = ['deb', 'rpm'] as const;
export type PackageFormat = (typeof PACKAGE_FORMATS)[number];

/** Names, versions and architectures of both formats. None of them is an option or a path. */
const facts = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]{1,127}$/, { error: 'not the name of a package' }),
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+~:_^-]{0,127}$/, { error: 'not the version of a package' }),
  architecture: z.string().regex(/^[a-z0-9][a-z0-9_-]{1,31}$/, {
    error: 'not an architecture, such as amd64, all, x86_64 or noarch',
  }),
};

/** Facts that the header of an RPM package states. The version is `VERSION-RELEASE`, with the epoch in front of it unless it is 0. */
export const rpmFactsSchema = z.strictObject(facts);

/** Fields of the control data of a Debian package (Debian Policy 5.3). */
export const debFactsSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,127}$/, { error: 'not the name of a Debian package' }),
  version: z.string().regex(/^[0-9][A-Za-z0-9.+~:-]{0,127}$/, { error: 'not the version of a Debian package' }),
  architecture: z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/, { error: 'not an architecture, such as amd64 or all' }),
});
export type PackageFacts = z.infer<typeof rpmFactsSchema>;

/** Facts of the file with its digest. A device verifies each of them before it installs the file. */
export const ownPackageSchema = z.strictObject({
  /** Absent for a Debian package, so that its statement has the same bytes as before the format existed. */
  format: z.literal('rpm').optional(),
  ...facts,
  sha256: sha256Hex,
  size: z.int().min(1).max(LARGEST_PACKAGE),
});
export type OwnPackage = z.infer<typeof ownPackageSchema>;

export const formatOf = ({ format }: Pick<OwnPackage, 'format'>): PackageFormat => format ?? 'deb';

/** Public key of a person that may sign packages. `rpId`: relying party id of a passkey. */
export const packageSignerSchema = z.strictObject({
  publicKey: base64.max(1000),
  rpId: z.string().max(253).optional(),
});
