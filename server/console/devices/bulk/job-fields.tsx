import { Button, Checkbox, Collapse, Group, NumberInput, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { CommandKind } from '../../../../shared/protocol/command-kinds.ts';
import { AdvancedJobFields } from './advanced-job-fields.tsx';
import { isWindowComplete, type JobOptionsDraft, waveSizesOf } from './job-options.ts';

/**
 * Options of the job: waves, failure rate, attempts, window and advanced options. `filtered`: the admin chose a filter, so that devices may
 * join later. `kind`: kind of the command.
 */
export function JobFields({
  kind,
  options,
  change,
  destroying,
  filtered,
}: {
  readonly kind: CommandKind;
  readonly options: JobOptionsDraft;
  readonly change: (options: JobOptionsDraft) => void;
  readonly destroying: boolean;
  readonly filtered: boolean;
}) {
  const [opened, { toggle }] = useDisclosure(false);
  const set = (next: Partial<JobOptionsDraft>) => change({ ...options, ...next });
  const number = (value: string | number): number | null => (typeof value === 'number' ? value : null);
  return (
    <Stack gap="sm" align="flex-start">
      <Button variant="subtle" size="compact-sm" aria-expanded={opened} onClick={toggle}>
        {opened ? 'Hide job options' : 'Show job options'}
      </Button>
      <Collapse expanded={opened} w="100%">
        <Stack gap="sm">
          <TextInput
            label="Name of the job"
            maxLength={120}
            dir="auto"
            value={options.name}
            onChange={({ currentTarget }) => set({ name: currentTarget.value })}
          />
          <TextInput
            label="Sizes of the waves"
            description="Numbers or percentages, such as 10, 10%. The last wave has the remaining devices. Leave the field empty to send the command to all devices at once."
            error={waveSizesOf(options.waves) === null && 'Type numbers or percentages, such as 10, 10%'}
            value={options.waves}
            onChange={({ currentTarget }) => set({ waves: currentTarget.value })}
          />
          <NumberInput
            label="Stop the job at a failure rate (percent)"
            min={0.1}
            max={100}
            styles={{ wrapper: { maxWidth: 160 } }}
            value={options.stopAt ?? ''}
            onChange={(value) => set({ stopAt: number(value) })}
          />
          {!destroying && (
            <NumberInput
              label="Attempts on a device that fails"
              min={1}
              max={10}
              allowDecimal={false}
              styles={{ wrapper: { maxWidth: 160 } }}
              value={options.attempts ?? ''}
              onChange={(value) => set({ attempts: number(value) })}
            />
          )}
          <Group gap="sm" align="flex-start">
            <TextInput
              type="time"
              label="Run from (device time)"
              value={options.windowFrom}
              error={!isWindowComplete(options) && 'Give two different times, or none'}
              onChange={({ currentTarget }) => set({ windowFrom: currentTarget.value })}
            />
            <TextInput
              type="time"
              label="Run until (device time)"
              value={options.windowTo}
              onChange={({ currentTarget }) => set({ windowTo: currentTarget.value })}
            />
          </Group>
          {filtered && !destroying && (
            <Checkbox
              label="Devices that match the filter later also get the command"
              checked={options.joiners}
              onChange={({ currentTarget }) => set({ joiners: currentTarget.checked })}
            />
          )}
          <AdvancedJobFields kind={kind} options={options} set={set} />
        </Stack>
      </Collapse>
    </Stack>
  );
}
