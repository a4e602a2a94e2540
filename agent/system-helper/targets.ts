/** Decisions about a change: which versions it needs, and how to return to the versions before it. The functions are pure. */
import type { SoftwareAction, WantedPackage } from '../../shared/software/software-change.ts';
import type { InstalledPackage, Target } from './package-manager.ts';
import { HelperRefusal, LONGEST_DETAIL, type PackageStep } from './requests.ts';

type Installed = ReadonlyMap<string, InstalledPackage>;

/** Targets of the packages that differ from the wanted state. `candidate`: newest version of a package; null if unknown. */
export function targetsOf(
  action: SoftwareAction,
  packages: readonly WantedPackage[],
  installed: Installed,
  candidate: (name: string) => string | null,
): Target[] {
  return packages.flatMap(({ name, version }): Target[] => {
    const present = installed.get(name);
    if (action === 'remove') return present ? [{ name, version: null }] : [];
    if (action === 'update' && !present) return [];
    if (action === 'install' && present?.complete && version === undefined) return [];
    const wanted = version ?? candidate(name);
    if (wanted === null) {
      throw new HelperRefusal(
        'not_found',
        `The repositories of this machine do not offer ${name}. Correct the name, or add the repository that has it.`,
      );
    }
    return present?.complete && present.version === wanted ? [] : [{ name, version: wanted }];
  });
}

/** Throws `conflict` if the plan removes packages that the change does not name, or changes a named package in another way. */
export function requireExpected(targets: readonly Target[], steps: readonly PackageStep[]): void {
  const named = new Map(targets.map(({ name, version }) => [name, version]));
  const surprises = steps.filter(({ name, to }) => to === null && named.get(name) !== null);
  if (surprises.length === 0) return;
  throw new HelperRefusal(
    'conflict',
    `The change would also remove ${surprises.map(({ name }) => name).join(', ')}. Nothing was changed. Remove these packages in the same change if they may go.`,
  );
}

/** Targets that return each package of the steps to its earlier version. */
export const reversed = (steps: readonly PackageStep[], installed: Installed): Target[] =>
  steps.flatMap(({ name, from }) => {
    const present = installed.get(name);
    const there = present?.complete ? present.version : null;
    return there === from && (from !== null || !present) ? [] : [{ name, version: from }];
  });

/** Throws `conflict` if a package has another version than the change left, because a later change would then be lost. */
export function requireUnchanged(steps: readonly PackageStep[], installed: Installed): void {
  const changed = steps.filter(({ name, from, to }) => {
    const version = installed.get(name)?.version ?? null;
    return version !== to && version !== from;
  });
  if (changed.length === 0) return;
  const list = changed.map(({ name, to }) => {
    const now = installed.get(name)?.version ?? 'not installed';
    return `${name} (now ${now}, after the change ${to ?? 'not installed'})`;
  });
  throw new HelperRefusal(
    'conflict',
    `These packages have changed since: ${list.join(', ')}. Nothing was changed. Roll back the later change first, or install the wanted version by name.`,
  );
}

/** Steps of an earlier attempt with those of a new one: the first version before, and the last version after. */
export function mergedSteps(earlier: readonly PackageStep[], later: readonly PackageStep[]): PackageStep[] {
  const steps = new Map(earlier.map((step) => [step.name, step]));
  for (const step of later) {
    const first = steps.get(step.name);
    steps.set(step.name, first ? { ...step, from: first.from } : step);
  }
  return [...steps.values()];
}

/** A commit of flatpak in the length that `flatpak list` prints; another version unchanged. */
const shortVersion = (version: string): string => (/^[0-9a-f]{64}$/.test(version) ? version.slice(0, 12) : version);

/** Steps as one text: `openssl 3.0.14 → 3.0.15, cordon-demo new 1.0`. */
export function stepsText(steps: readonly PackageStep[]): string {
  const parts = steps.map(({ name, from, to }) => {
    if (to === null) return `${name} ${shortVersion(from ?? '')} removed`;
    if (from === null) return `${name} ${shortVersion(to)} installed`;
    return `${name} ${shortVersion(from)} → ${shortVersion(to)}`;
  });
  const text = parts.join(', ');
  return text.length <= LONGEST_DETAIL ? text : `${text.slice(0, LONGEST_DETAIL)}…`;
}
