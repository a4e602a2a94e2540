/** Requests of changes and rollbacks to the system helper, and the part of the helper that makes them on a machine of a test. */
import { randomUUID } from 'node:crypto';
import { type Changes, createChanges } from '../../agent/system-helper/changes.ts';
import { openJournal } from '../../agent/system-helper/journal.ts';
import { machineLinks } from '../../agent/system-helper/machine-links.ts';
import { machinePolicySchema } from '../../agent/system-helper/machine-policy.ts';
import { openPackageFiles } from '../../agent/system-helper/package-files.ts';
import type { PackageManager } from '../../agent/system-helper/package-manager.ts';
import type { ChangeRequest } from '../../agent/system-helper/requests.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { PackageManagerName, SoftwareChange } from '../../shared/software/software-change.ts';

/** Changes with these package managers. The records are in the folder of the machine. */
export const changesOn = (
  machine: { path(name: string): string },
  managers: Readonly<Record<PackageManagerName, PackageManager>>,
  packages: { readonly allow: readonly string[]; readonly deny: readonly string[] },
): Changes =>
  createChanges({
    managers,
    journal: openJournal(machine.path('changes')),
    files: openPackageFiles(machine.path('files')),
    policy: machinePolicySchema.parse({ packages, osUpdates: true }),
    linkAt: machineLinks(machine.path('root')),
    now: Date.now,
    log: () => undefined,
  });

export const softwareChange = (
  manager: PackageManagerName,
  action: SoftwareChange['action'],
  packages: SoftwareChange['packages'],
) =>
  ({
    op: 'change',
    attempt: newCommandId(),
    change: randomUUID(),
    manager,
    action,
    packages,
  }) satisfies ChangeRequest;

export const rollbackOf = (request: ChangeRequest): ChangeRequest => ({
  op: 'roll-back',
  attempt: newCommandId(),
  change: randomUUID(),
  of: request.change,
});
