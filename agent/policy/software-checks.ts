/** Checks of required and forbidden software, with the lists of dpkg, rpm and flatpak. The functions that judge are pure. */
import { type VersionOrder, versionOrder } from '../../shared/inventory/version-order.ts';
import { isApplicationId, requiredSoftware } from '../../shared/policy/required-software.ts';
import { runUntranslated } from '../inventory/run-program.ts';
import { type CheckOutcome, met, notMet, unknown } from './checks.ts';

/** Installed packages of dpkg or rpm. */
export interface InstalledPackages {
  /** Versions by name. The newest one if several are installed. */
  readonly versions: ReadonlyMap<string, string>;
  readonly order: VersionOrder;
}

export interface InstalledSoftware {
  /** Null on a device without dpkg and rpm. */
  readonly packages: InstalledPackages | null;
  /** Ids of applications in the system installation of flatpak. Null on a device without flatpak. */
  readonly applications: ReadonlySet<string> | null;
}

const WITHIN = 20_000;
const NO_LIST = unknown('The device has neither dpkg, rpm nor flatpak.');

/** Checks of one round. The lists are read once for all settings that need them. */
export function softwareChecks() {
  let packages: Promise<InstalledPackages | null> | null = null;
  let applications: Promise<ReadonlySet<string> | null> | null = null;
  const installedPackages = () => {
    packages ??= readPackages();
    return packages;
  };
  /** flatpak is asked only if one of the names can be the id of an application. */
  async function installedFor(names: readonly string[]): Promise<InstalledSoftware> {
    const list = await installedPackages();
    if (list && !names.some(isApplicationId)) return { packages: list, applications: null };
    applications ??= readApplications();
    return { packages: list, applications: await applications };
  }
  return {
    installedPackages,
    required: async (entries: readonly string[]) =>
      judgeRequired(entries, await installedFor(entries.map((entry) => requiredSoftware(entry).name))),
    forbidden: async (names: readonly string[]) => judgeForbidden(names, await installedFor(names)),
  };
}

export function judgeRequired(entries: readonly string[], { packages, applications }: InstalledSoftware): CheckOutcome {
  if (!packages && !applications) return NO_LIST;
  const missing: string[] = [];
  const old: string[] = [];
  for (const { name, minimum } of entries.map(requiredSoftware)) {
    const version = packages?.versions.get(name);
    if (packages && version !== undefined) {
      if (minimum !== null && packages.order(version, minimum) < 0) old.push(`${name} ${version}`);
    } else if (!applications?.has(name)) missing.push(name);
    else if (minimum !== null)
      return unknown(`flatpak has no order of versions, so ${name} cannot have a lowest version.`);
  }
  if (missing.length === 0 && old.length === 0) return met('All software is installed.');
  const problems = [
    ...(missing.length === 0 ? [] : [`Missing: ${missing.join(', ')}.`]),
    ...(old.length === 0 ? [] : [`Too old: ${old.join(', ')}.`]),
  ];
  return notMet(problems.join(' '));
}

export function judgeForbidden(names: readonly string[], { packages, applications }: InstalledSoftware): CheckOutcome {
  if (!packages && !applications) return NO_LIST;
  const found = names.filter((name) => packages?.versions.has(name) || applications?.has(name));
  return found.length === 0 ? met('No such software is installed.') : notMet(`Installed: ${found.join(', ')}.`);
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces the names
const DPKG_FORMAT = '${db:Status-Status}\\t${Package}\\t${Version}\\n';
const RPM_FORMAT = '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n';

async function readPackages(): Promise<InstalledPackages | null> {
  const dpkg = await runUntranslated('dpkg-query', ['--show', `--showformat=${DPKG_FORMAT}`], { within: WITHIN });
  if (dpkg !== null) return parseDpkg(dpkg);
  const rpm = await runUntranslated('rpm', ['--query', '--all', '--queryformat', RPM_FORMAT], { within: WITHIN });
  return rpm === null ? null : parseRpm(rpm);
}

async function readApplications(): Promise<ReadonlySet<string> | null> {
  const args = ['list', '--system', '--app', '--columns=application'];
  const output = await runUntranslated('flatpak', args, { within: WITHIN });
  return output === null ? null : new Set(output.split('\n').map((line) => line.trim()));
}

/** A removed package with remaining configuration files is not installed. */
export const parseDpkg = (output: string): InstalledPackages =>
  packagesOf([...output.matchAll(/^installed\t(\S+)\t(\S+)$/gm)], versionOrder('dpkg'));

export const parseRpm = (output: string): InstalledPackages =>
  packagesOf([...output.matchAll(/^(\S+)\t(\S+)$/gm)], versionOrder('rpm'));

function packagesOf(rows: readonly (readonly string[])[], order: VersionOrder): InstalledPackages {
  const versions = new Map<string, string>();
  for (const [, name = '', version = ''] of rows) {
    const other = versions.get(name);
    if (other === undefined || order(other, version) < 0) versions.set(name, version.replace(/^0:/, ''));
  }
  return { versions, order };
}
