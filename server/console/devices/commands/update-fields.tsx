/** Form fields for an update of the operating system: the scope of the update, and how long the user may delay it. */
import { Group, NumberInput, Radio, Stack } from '@mantine/core';
import type { Command } from '../../../../shared/protocol/frames.ts';
import { osUpdateSchema, type UpdateScope } from '../../../../shared/software/software-change.ts';

export interface UpdateDraft {
  readonly scope: UpdateScope;
  readonly hours: number | null;
  readonly times: number | null;
  /** Id of the change. If the admin changes an input, the change gets a new id. */
  readonly change: string;
}

export const newUpdate = (): UpdateDraft => ({ scope: 'security', hours: 8, times: 2, change: crypto.randomUUID() });

/** Command of the draft; null while a number is invalid. */
export function updateCommandOf({ scope, hours, times, change }: UpdateDraft): Command | null {
  const parsed = osUpdateSchema.safeParse({ scope, change, deferral: hours === 0 ? null : { hours, times } });
  return parsed.success ? { kind: 'update-os', ...parsed.data } : null;
}

export function UpdateFields({
  draft,
  change,
}: {
  readonly draft: UpdateDraft;
  readonly change: (draft: UpdateDraft) => void;
}) {
  const set = (next: Partial<UpdateDraft>) => change({ ...draft, ...next, change: crypto.randomUUID() });
  const number = (value: string | number) => (typeof value === 'number' ? value : null);
  return (
    <Stack gap="sm">
      <Radio.Group
        label="Updates"
        value={draft.scope}
        onChange={(value) => set({ scope: value === 'all' ? 'all' : 'security' })}
      >
        <Stack gap={6} mt={4}>
          <Radio value="security" label="Security updates only" />
          <Radio value="all" label="All updates" />
        </Stack>
      </Radio.Group>
      <Group gap="sm" align="flex-start">
        <NumberInput
          label="Hours until the start"
          description="The user sees the time. 0 starts at once."
          min={0}
          max={168}
          allowDecimal={false}
          styles={{ wrapper: { maxWidth: 160 } }}
          value={draft.hours ?? ''}
          onChange={(value) => set({ hours: number(value) })}
        />
        <NumberInput
          label="Delays by the user"
          description="Each delay adds the same hours."
          min={0}
          max={10}
          allowDecimal={false}
          disabled={draft.hours === 0}
          styles={{ wrapper: { maxWidth: 160 } }}
          value={draft.times ?? ''}
          onChange={(value) => set({ times: number(value) })}
        />
      </Group>
    </Stack>
  );
}
