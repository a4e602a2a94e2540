import type { PackageFacts, PackageFormat } from '../../shared/software/own-package.ts';
import type { UpdateScope } from '../../shared/software/software-change.ts';
import type { PackageStep } from './requests.ts';

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
/** Maximum bytes of a package manager's answer about `MOST_SPECS` packages, or about the files of one package. */
export const MOST_CLAIMS = 64 * 1024 * 1024;

/** Other packages and files that packages name: what they would replace or conflict with. */
export interface PackageClaims {
  /** Names that the packages provide, replace, break or conflict with. */
  readonly names: readonly string[];
  /** Absolute paths of their files, as far as the package manager knows them before the installation. */
  readonly files: readonly string[];
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
  /** Claims of the packages that these steps install. `targets`: as in `plan`. */
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
