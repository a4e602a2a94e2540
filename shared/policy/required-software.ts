/** Entries of the setting `software.required`: a name, or a name with the lowest allowed version. */
import { z } from 'zod';

/** Name of a package of dpkg or rpm, or of an application of flatpak. It is an argument of these programs, so it never starts with a hyphen. */
export const softwareNameSchema = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/, 'is the name of a package');

/** `openssl` or `openssl>=3.0.15-1`. */
export const requiredSoftwareSchema = z
  .string()
  .max(256)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}(?:>=[A-Za-z0-9][A-Za-z0-9.+~:_^-]{0,120})?$/,
    'is the name of a package, or a name and its lowest version, such as openssl>=3.0.15',
  );

export interface RequiredSoftware {
  readonly name: string;
  /** Lowest allowed version in the order of the package manager; null if each version is allowed. */
  readonly minimum: string | null;
}

export function requiredSoftware(entry: string): RequiredSoftware {
  const [name = '', minimum = null] = entry.split('>=');
  return { name, minimum };
}

/**
 * True if the name can be the id of an application of flatpak: at least three parts between dots, no part begins with a digit, and only the
 * last part has hyphens (`flatpak_is_valid_name`).
 */
export const isApplicationId = (name: string): boolean =>
  /^(?:[A-Za-z_][A-Za-z0-9_]*\.){2,}[A-Za-z_-][A-Za-z0-9_-]*$/.test(name);
