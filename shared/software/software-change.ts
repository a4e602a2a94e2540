/** Changes of a machine's software: install, update or remove packages by name, and roll back such a change. */
import { z } from 'zod';

/** Package managers of the machine. The system helper works with apt, dnf 4 and flatpak 1.16, and reports other versions as not supported. */
export const PACKAGE_MANAGERS = ['apt', 'dnf', 'flatpak'] as const;
export type PackageManagerName = (typeof PACKAGE_MANAGERS)[number];

export const SOFTWARE_ACTIONS = ['install', 'update', 'remove'] as const;
export type SoftwareAction = (typeof SOFTWARE_ACTIONS)[number];

/** Name of a package, as Debian Policy 5.6.1 and RPM define it. It starts with no hyphen, so that no program reads it as an option. */
export const packageNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}(?::[a-z0-9][a-z0-9-]{0,31})?$/, {
  error: 'not a package name. Write it as the package manager lists it, such as "openssl"',
});

export const packageVersionSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+~:_^-]{0,127}$/, {
  error: 'not a version. Write it as the package manager lists it, such as "3.0.15-1~deb12u1"',
});

export const MOST_PACKAGES = 32;
export const wantedPackageSchema = z.strictObject({
  name: packageNameSchema,
  /** Version to install. Absent for the newest version that the machine's repositories offer. */
  version: packageVersionSchema.optional(),
});
export type WantedPackage = z.infer<typeof wantedPackageSchema>;

/**
 * Id of the change, which the sender chooses. Each device keeps its own record of the change under this id: the versions before and after.
 * A rollback names the change by this id.
 */
export const changeIdSchema = z.uuid();

export const softwareChangeSchema = z.strictObject({
  change: changeIdSchema,
  manager: z.enum(PACKAGE_MANAGERS),
  action: z.enum(SOFTWARE_ACTIONS),
  packages: z.array(wantedPackageSchema).min(1).max(MOST_PACKAGES),
});
export type SoftwareChange = z.infer<typeof softwareChangeSchema>;

export const softwareRollbackSchema = z.strictObject({
  change: changeIdSchema,
  /** Id of the change to roll back. */
  of: changeIdSchema,
});

/** Scope of an update. `security`: only packages for which a security archive has a newer version. */
export const UPDATE_SCOPES = ['security', 'all'] as const;
export type UpdateScope = (typeof UPDATE_SCOPES)[number];

export const osUpdateSchema = z.strictObject({
  change: changeIdSchema,
  scope: z.enum(UPDATE_SCOPES),
  /**
   * Deferral of an update. The update starts after `hours`, and the user may delay it by `hours` each time, up to `times` times. Null: the
   * update starts at once.
   */
  deferral: z.strictObject({ hours: z.int().min(1).max(168), times: z.int().min(0).max(10) }).nullable(),
});
export type OsUpdate = z.infer<typeof osUpdateSchema>;
