/** Button that updates software on the devices of the list on the page, such as those that an advisory affects. */
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { SoftwareSource } from '../../../shared/inventory/software.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { MOST_PACKAGES } from '../../../shared/software/software-change.ts';
import { useMay } from '../client/session.tsx';
import { type SoftwareDraft, SoftwareFields, softwareCommandOf } from '../devices/commands/software-fields.tsx';
import { type FoundForJob, GroupJobDialog } from '../jobs/group-job-dialog.tsx';
import { managerOf } from './package-managers.ts';

type Found = FoundForJob['devices'][number] & { readonly versions: readonly string[] };

/** Packages of the devices: names without versions, such as `openssl` of `openssl 3.0.15-1`. */
export function packagesOf(devices: readonly Found[]): string[] {
  const names = devices.flatMap(({ versions }) => versions.map((text) => text.split(' ', 1)[0] ?? ''));
  return [...new Set(names)].sort().slice(0, MOST_PACKAGES);
}

export function UpdateFound({
  label,
  sources,
  packages,
  load,
}: {
  /** Name of the list, such as “Affected by DSA-1”. */
  readonly label: string;
  /** Sources of the software. The dialog proposes the package manager of the first one. */
  readonly sources: readonly SoftwareSource[];
  /** Packages to update; null to update the packages that the devices of the list have. */
  readonly packages: readonly string[] | null;
  readonly load: () => Promise<readonly Found[]>;
}) {
  const may = useMay();
  const [draft, setDraft] = useState<SoftwareDraft | null>(null);
  const manager = sources.map(managerOf).find((one) => one !== null);
  const loading = useMutation({
    mutationFn: load,
    onSuccess: (devices) =>
      manager &&
      setDraft({
        manager,
        action: 'update',
        packages: (packages ?? packagesOf(devices)).join(', '),
        change: crypto.randomUUID(),
      }),
  });
  if (!manager || !may('commands.issue-many') || !may('commands.change-software')) return null;
  const devices = loading.data ?? [];
  return (
    <>
      <Button size="xs" loading={loading.isPending} onClick={() => loading.mutate()}>
        Update these devices…
      </Button>
      {loading.isError && <Failure error={loading.error} retry={() => loading.mutate()} />}
      <GroupJobDialog
        title="Update software"
        opened={draft !== null}
        close={() => setDraft(null)}
        kind="change-software"
        name={`Update: ${label}`}
        found={{ label, devices }}
        command={draft && softwareCommandOf(draft)}
      >
        {draft && <SoftwareFields draft={draft} change={setDraft} />}
      </GroupJobDialog>
    </>
  );
}
