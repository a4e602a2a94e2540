import { Fieldset, Select, Stack, TextInput } from '@mantine/core';
import {
  type CommandKind,
  destroysData,
  PRIORITIES,
  type Priority,
  priorityOf,
} from '../../../../shared/protocol/command-kinds.ts';
import { isPrerequisite, isSupersedeKey, type JobOptionsDraft } from './job-options.ts';

const PRIORITY_NAMES: Readonly<Record<Priority, string>> = { low: 'Low', normal: 'Normal', high: 'High' };

/** Options of a job for jobs that depend on other jobs. */
export function AdvancedJobFields({
  kind,
  options: { priority, supersedes, after },
  set,
}: {
  readonly kind: CommandKind;
  readonly options: JobOptionsDraft;
  readonly set: (next: Partial<JobOptionsDraft>) => void;
}) {
  return (
    <Fieldset legend="Advanced">
      <Stack gap="sm">
        {/* The server refuses another priority for a command that destroys data. */}
        {!destroysData(kind) && (
          <Select
            label="Priority"
            description="A device with several waiting commands runs those with a high priority first."
            placeholder={`Default: ${PRIORITY_NAMES[priorityOf(kind)]}`}
            clearable
            clearButtonProps={{ 'aria-label': 'Use the priority of this command' }}
            data={PRIORITIES.map((value) => ({ value, label: PRIORITY_NAMES[value] })).reverse()}
            value={priority}
            onChange={(value) => set({ priority: PRIORITIES.find((one) => one === value) ?? null })}
          />
        )}
        <TextInput
          label="Supersede key"
          description="The job cancels queued commands of older jobs with the same key on its devices. Use a key such as nightly-refresh."
          error={!isSupersedeKey(supersedes) && 'Use up to 64 lowercase letters, digits, dots, hyphens and underscores'}
          maxLength={64}
          value={supersedes}
          onChange={({ currentTarget }) => set({ supersedes: currentTarget.value })}
        />
        <TextInput
          label="After job"
          description="ID of a job. A device gets the command only after it has completed that job. The address of the job’s page ends with the ID."
          error={!isPrerequisite(after) && 'Type the ID of a job. It begins with cmd_'}
          maxLength={64}
          value={after}
          onChange={({ currentTarget }) => set({ after: currentTarget.value })}
        />
      </Stack>
    </Fieldset>
  );
}
