/** Filter for versions of software. It compares versions as their package manager does. */
import { originOf, type SoftwareEntry, type SoftwareSource } from '../../shared/inventory/software.ts';
import { versionOrder } from '../../shared/inventory/version-order.ts';
import type { Title, Version } from './ports.ts';

export interface VersionFilter {
  readonly below?: string | undefined;
  readonly atLeast?: string | undefined;
  readonly above?: string | undefined;
  readonly version?: string | undefined;
}

export function matchesVersion(
  source: SoftwareSource,
  version: string,
  { below, atLeast, above, version: exact }: VersionFilter,
): boolean {
  const order = versionOrder(source);
  if (exact !== undefined && version !== exact) return false;
  if (below !== undefined && order(version, below) >= 0) return false;
  if (atLeast !== undefined && order(version, atLeast) < 0) return false;
  return above === undefined || order(version, above) > 0;
}

/** Version of the source package of a title's version. Advisories name this version. */
export const originVersionOf = (
  { source, name }: Pick<Title, 'source' | 'name'>,
  { version, origin }: Version,
): string => originOf([source, name, version, origin] satisfies SoftwareEntry).version;
