/** Buttons that install, update or remove a piece of software on the devices of a group. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { SoftwareSource } from '../../../shared/inventory/software.ts';
import type { SoftwareAction } from '../../../shared/software/software-change.ts';
import { useMay } from '../client/session.tsx';
import {
  NO_SOFTWARE,
  type SoftwareDraft,
  SoftwareFields,
  softwareCommandOf,
} from '../devices/commands/software-fields.tsx';
import { GroupJobDialog } from '../jobs/group-job-dialog.tsx';
import { managerOf } from './package-managers.ts';

const ACTIONS = [
  { action: 'install', verb: 'Install' },
  { action: 'update', verb: 'Update' },
  { action: 'remove', verb: 'Remove' },
] as const satisfies readonly { action: SoftwareAction; verb: string }[];

export function TitleActions({ source, name }: { readonly source: SoftwareSource; readonly name: string }) {
  const manager = managerOf(source);
  const may = useMay();
  const [draft, setDraft] = useState<SoftwareDraft | null>(null);
  if (!manager || !may('commands.issue-many') || !may('commands.change-software')) return null;
  const verb = ACTIONS.find(({ action }) => action === draft?.action)?.verb ?? 'Change';
  return (
    <>
      {ACTIONS.map((each) => (
        <Button
          key={each.action}
          variant="default"
          onClick={() => setDraft({ manager, action: each.action, packages: name, change: crypto.randomUUID() })}
        >
          {each.verb}…
        </Button>
      ))}
      <GroupJobDialog
        title="Change software"
        opened={draft !== null}
        close={() => setDraft(null)}
        kind="change-software"
        name={`${verb} ${name}`}
        command={draft && softwareCommandOf(draft)}
      >
        <SoftwareFields draft={draft ?? NO_SOFTWARE} change={setDraft} />
      </GroupJobDialog>
    </>
  );
}
