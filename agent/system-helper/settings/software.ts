/**
 * The settings `software.required` and `software.forbidden`, as changes of software with the rules of `packages` in the machine policy.
 *
 * A name concerns each package manager of the machine. Required software is present if one of them has it. The helper installs missing
 * software with the first one that offers it: that of the operating system, and then flatpak. Forbidden software is removed with each of them.
 *
 * The end of a policy neither installs nor removes software. The note is a list of the changes: each has an id, so that the helper completes
 * an interrupted change, and knows what the policy has changed.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { versionOrder } from '../../../shared/inventory/version-order.ts';
import { isApplicationId, type RequiredSoftware, requiredSoftware } from '../../../shared/policy/required-software.ts';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import {
  changeIdSchema,
  MOST_PACKAGES,
  PACKAGE_MANAGERS,
  type PackageManagerName,
  type WantedPackage,
} from '../../../shared/software/software-change.ts';
import type { Changes } from '../changes.ts';
import type { Journal } from '../journal.ts';
import { machineManagers, type PackageManagers } from '../machine-managers.ts';
import type { InstalledPackage } from '../package-manager.ts';
import { HelperRefusal } from '../requests.ts';
import type { PartNote, SettingPart, Tell } from './setting-part.ts';

const changeSchema = z.object({
  change: changeIdSchema,
  /** Earlier versions of the helper used apt only. */
  manager: z.enum(PACKAGE_MANAGERS).default('apt'),
  /** Names, or `NAME=VERSION` for an exact version. */
  packages: z.array(z.string()),
});
type NotedChange = z.infer<typeof changeSchema>;
const changesIn = (note: unknown): NotedChange[] => z.array(changeSchema).nullable().parse(note) ?? [];

/** Newest changes in the note. */
const MOST_CHANGES = 200;

export interface SoftwarePorts {
  readonly managers: PackageManagers;
  readonly changes: Pick<Changes, 'make'>;
  readonly journal: Pick<Journal, 'read'>;
  readonly log: (text: string) => void;
}

/** Packages that one package manager changes in one step. */
interface Step {
  readonly manager: PackageManagerName;
  readonly packages: readonly WantedPackage[];
}

const specOf = ({ name, version }: WantedPackage): string => (version === undefined ? name : `${name}=${version}`);
const nameIn = (spec: string): string => spec.split('=')[0] ?? spec;

/** Part that makes changes under ids in the note. */
function noteChanges({ changes, journal }: SoftwarePorts, action: 'install' | 'remove') {
  /** Id for a change of these packages. An interrupted or failed change keeps its id, so that the helper completes it. */
  function idFor(manager: PackageManagerName, packages: readonly string[], note: PartNote): string {
    const known = changesIn(note.value);
    const same = known.find(
      (each) =>
        each.manager === manager &&
        each.packages.join() === packages.join() &&
        journal.read(each.change)?.result?.outcome !== 'done',
    );
    if (same) return same.change;
    const change = randomUUID();
    note.save([...known, { change, manager, packages: [...packages] }].slice(-MOST_CHANGES));
    return change;
  }

  /** Makes all changes, also after one that failed. Throws `HelperRefusal` with the reasons of the failures. */
  return async (steps: readonly Step[], note: PartNote, earlier: readonly HelperRefusal[] = []): Promise<void> => {
    const problems = [...earlier];
    for (const { manager, packages } of steps) {
      const change = idFor(manager, packages.map(specOf), note);
      const request = { op: 'change', attempt: newCommandId(), change, manager, action } as const;
      const response = await changes.make({ ...request, packages: [...packages] });
      if (response.outcome === 'failed') problems.push(new HelperRefusal(response.code, response.detail));
    }
    const [first] = problems;
    if (first) throw new HelperRefusal(first.code, problems.map(({ message }) => message).join(' '));
  };
}

/** Changes in the note for these names, and the other names in the note for which the helper has changed the machine. */
function released(note: unknown, journal: SoftwarePorts['journal'], names: readonly string[]) {
  const isStated = (spec: string) => names.includes(nameIn(spec));
  const kept: NotedChange[] = [];
  const gone = new Set<string>();
  for (const each of changesIn(note)) {
    const stated = each.packages.filter(isStated);
    const result = journal.read(each.change)?.result;
    const isDone = result?.outcome === 'done';
    // An unfinished change of other packages keeps no id, because the helper never asks for the same packages again.
    if (stated.length === each.packages.length || (isDone && stated.length > 0))
      kept.push({ ...each, packages: stated });
    if (!isDone || result.steps.length === 0) continue;
    for (const spec of each.packages) if (!isStated(spec)) gone.add(nameIn(spec));
  }
  return { kept, list: [...gone].join(', ') };
}

async function managersOf({ managers }: SoftwarePorts): Promise<PackageManagerName[]> {
  const found = await machineManagers(managers);
  if (found.length > 0) return found;
  throw new HelperRefusal('not_supported', 'The system helper applies this setting with apt, dnf 4 and flatpak 1.16.');
}

/** Installed software with these names. A name with several versions or branches has the value null. */
async function installedBy(
  managers: PackageManagers,
  manager: PackageManagerName,
  names: readonly string[],
): Promise<ReadonlyMap<string, InstalledPackage | null>> {
  const asked = manager === 'flatpak' ? names.filter(isApplicationId) : names;
  try {
    return await managers[manager].installed(asked);
  } catch (error) {
    if (!(error instanceof HelperRefusal) || error.code !== 'not_supported') throw error;
    const [name = '', ...others] = asked;
    if (others.length === 0) return new Map([[name, null]]);
    const each = await Promise.all(asked.map((one) => installedBy(managers, manager, [one])));
    return new Map(each.flatMap((found) => [...found]));
  }
}

export function requiredSoftwarePart(ports: SoftwarePorts): SettingPart<readonly string[]> {
  const { managers } = ports;
  const make = noteChanges(ports, 'install');

  /** True if this package manager has the software, in a version that the policy allows. */
  function has(
    manager: PackageManagerName,
    found: InstalledPackage | null | undefined,
    minimum: string | null,
  ): boolean {
    if (found === undefined || found?.complete === false) return false;
    return minimum === null || found === null || !isOlder(manager, found.version, minimum);
  }

  async function missing(entries: readonly string[], names: readonly PackageManagerName[]) {
    let left = entries.map(requiredSoftware);
    for (const manager of names) {
      const wanted = left.map(({ name }) => name);
      const found = await installedBy(managers, manager, wanted);
      left = left.filter(({ name, minimum }) => !has(manager, found.get(name), minimum));
    }
    return left;
  }

  /** Step that installs or updates the software with the first package manager that offers it. */
  async function stepFor({ name, minimum }: RequiredSoftware, names: readonly PackageManagerName[]): Promise<Step> {
    for (const manager of names) {
      if (manager === 'flatpak' && !isApplicationId(name)) continue;
      const version = await managers[manager].candidate(name);
      if (version === null) continue;
      if (minimum === null) return { manager, packages: [{ name }] };
      if (!isOlder(manager, version, minimum)) return { manager, packages: [{ name, version }] };
      throw new HelperRefusal(
        'not_found',
        `${manager} offers ${name} only in the version ${version}. The policy requires ${minimum}.`,
      );
    }
    // The change refreshes the lists of available packages, and its refusal says how to fix an unknown name.
    return { manager: names[0] ?? 'apt', packages: [{ name }] };
  }

  const tellReleased = (list: string, tell: Tell) => {
    if (list !== '') tell(`The device had installed ${list}, and does not remove this software.`);
  };
  return {
    isApplied: async (entries) => (await missing(entries, await managersOf(ports))).length === 0,
    async apply(entries, note, tell) {
      const names = await managersOf(ports);
      const { kept, list } = released(
        note.value,
        ports.journal,
        entries.map((entry) => requiredSoftware(entry).name),
      );
      tellReleased(list, tell);
      note.save(kept);
      const steps: Step[] = [];
      const problems: HelperRefusal[] = [];
      const open = await missing(entries, names);
      // The choice of the package manager and of the version needs the newest list. A change refreshes the lists itself.
      const [system] = names;
      if (system && open.some(({ name, minimum }) => minimum !== null || isApplicationId(name))) {
        await managers[system].refresh();
      }
      // Each package is a change of its own, so that one that fails does not stop the others.
      for (const each of open) {
        try {
          steps.push(await stepFor(each, names));
        } catch (error) {
          if (!(error instanceof HelperRefusal)) throw error;
          problems.push(error);
        }
      }
      await make(steps, note, problems);
    },
    revert: async (note, tell) => tellReleased(released(note, ports.journal, []).list, tell),
  };
}

function isOlder(manager: PackageManagerName, version: string, minimum: string): boolean {
  if (manager === 'flatpak') {
    throw new HelperRefusal(
      'invalid_input',
      'flatpak has no order of versions. Remove the lowest version from the policy.',
    );
  }
  return versionOrder(manager === 'apt' ? 'dpkg' : 'rpm')(version, minimum) < 0;
}

export function forbiddenSoftwarePart(ports: SoftwarePorts): SettingPart<readonly string[]> {
  const make = noteChanges(ports, 'remove');

  async function present(names: readonly string[]): Promise<Step[]> {
    const steps: Step[] = [];
    for (const manager of await managersOf(ports)) {
      const found = await installedBy(ports.managers, manager, names);
      // Packages may depend on each other, so they are removed together.
      for (const part of slices(names.filter((name) => found.has(name)))) {
        steps.push({ manager, packages: part.map((name) => ({ name })) });
      }
    }
    return steps;
  }

  const tellReleased = (list: string, tell: Tell) => {
    if (list !== '') tell(`The device had removed ${list}, and does not install this software again.`);
  };
  return {
    isApplied: async (names) => (await present(names)).length === 0,
    async apply(names, note, tell) {
      const steps = await present(names);
      const { kept, list } = released(note.value, ports.journal, names);
      tellReleased(list, tell);
      note.save(kept);
      await make(steps, note);
    },
    revert: async (note, tell) => tellReleased(released(note, ports.journal, []).list, tell),
  };
}

const slices = (names: readonly string[]): string[][] =>
  names.length === 0 ? [] : [names.slice(0, MOST_PACKAGES), ...slices(names.slice(MOST_PACKAGES))];

/** Package that a setting needs as its means. It is removed with the setting, unless it has changed since. */
export function ownSoftwarePart(ports: SoftwarePorts): SettingPart<readonly string[]> {
  const { apt } = ports.managers;
  const { changes, journal, log } = ports;
  const make = noteChanges(ports, 'install');

  async function missing(names: readonly string[]): Promise<string[]> {
    const installed = await apt.installed(names);
    return names.filter((name) => installed.get(name)?.complete !== true);
  }

  return {
    isApplied: async (names) => (await missing(names)).length === 0,
    async apply(names, note) {
      if (!(await apt.available())) {
        throw new HelperRefusal(
          'not_supported',
          'The system helper applies this setting only with apt, on Debian and its derivatives.',
        );
      }
      await make(
        (await missing(names)).map((name) => ({ manager: 'apt', packages: [{ name }] })),
        note,
      );
    },
    async revert(note) {
      for (const { change } of changesIn(note).reverse()) {
        if (journal.read(change) === null) continue;
        const request = { op: 'roll-back', attempt: newCommandId(), change: randomUUID(), of: change } as const;
        const response = await changes.make(request);
        // Software that has changed since then stays as it is: a rollback would lose the later change.
        if (response.outcome === 'failed' && response.code !== 'conflict') {
          throw new HelperRefusal(response.code, response.detail);
        }
        log(`change ${change} of a policy: ${response.detail}`);
      }
    },
  };
}
