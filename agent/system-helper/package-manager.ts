import type { PackageFacts, PackageFormat } from '../../shared/software/own-package.ts';
import type { UpdateScope } from '../../shared/software/software-change.ts';
import { HelperRefusal, type PackageStep } from './requests.ts';

/** State of a package on the machine. */
export interface InstalledPackage {
  readonly version: string;
  /** True if the package is completely installed. False if it is only unpacked, or its configuration failed. */
  readonly complete: boolean;
}

/** Target of one package: the version to have afterward, or null to remove the package. */
export interface Target {
  readonly name: string;
  readonly version: string | null;
  /** Path of the package file with this version. Without it, the version comes from a repository. */
  readonly file?: string | undefined;
}

/** Maximum number of packages about which one call asks a package manager. */
export const MOST_SPECS = 500;
/** Maximum bytes of a package manager's answer about `MOST_SPECS` packages, or about one package. */
export const MOST_CLAIMS = 64 * 1024 * 1024;

/** File, folder or link in a package. */
export interface PackageFile {
  /** Path from the root folder of the machine, with or without `/` or `./` at its beginning. */
  readonly path: string;
  /** Target of a link, relative to the folder of `path` unless it is absolute. Null for a file or a folder. */
  readonly target: string | null;
}

/** Other packages and files that packages name: what they would replace, change or conflict with. */
export interface PackageClaims {
  /** Names of the packages, and names that they provide, replace, break or conflict with, or need in an earlier or exact version. */
  readonly names: readonly string[];
  readonly files: readonly PackageFile[];
}

/** Maximum number of files in all packages of a change. */
const MOST_FILES = 1_000_000;

/** Claims of all archives of a change. Throws `invalid_input` if they contain more files than the helper keeps in memory. */
export async function joinedClaims(
  archives: readonly string[],
  claimsOf: (archive: string) => Promise<PackageClaims>,
): Promise<PackageClaims> {
  const names: string[] = [];
  const files: PackageFile[] = [];
  for (const archive of archives) {
    const claims = await claimsOf(archive);
    names.push(...claims.names);
    for (const each of claims.files) files.push(each);
    if (files.length > MOST_FILES) {
      throw new HelperRefusal(
        'invalid_input',
        `The packages of the change contain more than ${MOST_FILES} files. Nothing was changed. Change fewer packages at once.`,
      );
    }
  }
  return { names, files };
}

export interface Updates {
  readonly targets: readonly Target[];
  /** Sentences about updates that the package manager leaves out. */
  readonly left: readonly string[];
}

/** Package manager of the machine, as the system helper needs it. */
export interface PackageManager {
  /** Format of the package files that it installs; null if it installs none. */
  readonly format: PackageFormat | null;
  /** True if the machine has this package manager. */
  available(): Promise<boolean>;
  /** Refreshes the lists of available packages. Returns the reason if a repository could not be read. */
  refresh(): Promise<string | null>;
  installed(names: readonly string[]): Promise<ReadonlyMap<string, InstalledPackage>>;
  /** Newest version that the repositories offer; null for an unknown package. */
  candidate(name: string): Promise<string | null>;
  /** All steps that the targets need, including dependencies. Changes nothing. Throws `HelperRefusal` if they cannot be reached. */
  plan(targets: readonly Target[]): Promise<readonly PackageStep[]>;
  /** Downloads the packages that these steps install, and reads their claims. `targets`: as in `plan`. */
  claims(targets: readonly Target[], steps: readonly PackageStep[]): Promise<PackageClaims>;
  /** Downloads and makes the changes. Throws `HelperRefusal` with the end of the package manager's output. */
  apply(targets: readonly Target[]): Promise<void>;
  /** Available updates. `security`: only those from a security archive. Removes nothing. */
  updates(scope: UpdateScope): Promise<Updates>;
  /** True if an update needs a restart of the machine. */
  needsRestart(): Promise<boolean>;
  /** Facts that a package file states. Throws `HelperRefusal` if it is no package. */
  fieldsOf(file: string): Promise<PackageFacts>;
  /** Completes what an interrupted run has left. Never throws. */
  repair(): Promise<void>;
}
