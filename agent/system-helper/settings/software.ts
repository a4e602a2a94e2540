/**
 * The settings `software.required` and `software.forbidden`, as changes of software with the rules of `packages` in the machine policy. The
 * note is a list of the changes, so that the reversal can roll each one back.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { changeIdSchema, MOST_PACKAGES } from '../../../shared/software/software-change.ts';
import type { Changes } from '../changes.ts';
import type { Journal } from '../journal.ts';
import type { PackageManager } from '../package-manager.ts';
import { HelperRefusal } from '../requests.ts';
import type { PartNote, SettingPart } from './setting-part.ts';

const changeSchema = z.object({ change: changeIdSchema, packages: z.array(z.string()) });
type NotedChange = z.infer<typeof changeSchema>;
const changesIn = (note: unknown): NotedChange[] => z.array(changeSchema).nullable().parse(note) ?? [];

/** Newest changes that the helper can roll back. */
const MOST_CHANGES = 200;

export interface SoftwarePorts {
  readonly apt: Pick<PackageManager, 'installed' | 'available'>;
  readonly changes: Pick<Changes, 'make'>;
  readonly journal: Pick<Journal, 'read'>;
  readonly log: (text: string) => void;
}

export function softwarePart(
  { apt, changes, journal, log }: SoftwarePorts,
  action: 'install' | 'remove',
): SettingPart<readonly string[]> {
  /** Packages that are not as wanted. */
  async function open(names: readonly string[]): Promise<string[]> {
    const installed = await apt.installed(names);
    return names.filter((name) =>
      action === 'install' ? installed.get(name)?.complete !== true : installed.has(name),
    );
  }

  /** Id for a change of these packages. An interrupted or failed change keeps its id, so that the helper completes it. */
  function idFor(packages: readonly string[], note: PartNote): string {
    const known = changesIn(note.value);
    const same = known.find(
      (each) => each.packages.join() === packages.join() && journal.read(each.change)?.result?.outcome !== 'done',
    );
    if (same) return same.change;
    const change = randomUUID();
    note.save([...known, { change, packages: [...packages] }].slice(-MOST_CHANGES));
    return change;
  }

  async function rollBack({ change }: NotedChange): Promise<void> {
    if (journal.read(change) === null) return;
    const request = { op: 'roll-back', attempt: newCommandId(), change: randomUUID(), of: change } as const;
    const response = await changes.make(request);
    // Software that has changed since then stays as it is: a rollback would lose the later change.
    if (response.outcome === 'failed' && response.code !== 'conflict') {
      throw new HelperRefusal(response.code, response.detail);
    }
    log(`change ${change} of a policy: ${response.detail}`);
  }

  /** Rolls back the changes that concern none of these packages, the newest first. */
  async function rollBackExcept(names: readonly string[], note: PartNote): Promise<void> {
    for (const each of changesIn(note.value).reverse()) {
      if (each.packages.some((name) => names.includes(name))) continue;
      await rollBack(each);
      note.save(changesIn(note.value).filter(({ change }) => change !== each.change));
    }
  }

  return {
    isApplied: async (names) => (await open(names)).length === 0,
    async apply(names, note) {
      if (!(await apt.available())) {
        throw new HelperRefusal(
          'not_supported',
          'The system helper applies this setting only with apt, on Debian and its derivatives.',
        );
      }
      await rollBackExcept(names, note);
      const missing = await open(names);
      // Each required package is a change of its own, so that one that fails does not stop the others. Forbidden packages may depend on each
      // other, so they are removed together.
      const parts = action === 'install' ? missing.map((name) => [name]) : slices(missing);
      const problems: HelperRefusal[] = [];
      for (const packages of parts) {
        const response = await changes.make({
          op: 'change',
          attempt: newCommandId(),
          change: idFor(packages, note),
          manager: 'apt',
          action,
          packages: packages.map((name) => ({ name })),
        });
        if (response.outcome === 'failed') problems.push(new HelperRefusal(response.code, response.detail));
      }
      const [first] = problems;
      if (first) throw new HelperRefusal(first.code, problems.map(({ message }) => message).join(' '));
    },
    async revert(note) {
      for (const each of changesIn(note).reverse()) await rollBack(each);
    },
  };
}

const slices = (names: readonly string[]): string[][] =>
  names.length === 0 ? [] : [names.slice(0, MOST_PACKAGES), ...slices(names.slice(MOST_PACKAGES))];
