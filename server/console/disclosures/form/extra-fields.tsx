/** Form fields that a request and a narrower text share: deadline, objection and notice to the person. */
import { Checkbox, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core';
import type { DemandProblems, Extras } from './demand.ts';

export const fieldId = (field: string): string => `demand-${field}`;

export function ExtraFields({
  extras,
  change,
  problems,
}: {
  readonly extras: Extras;
  readonly change: (extras: Extras) => void;
  readonly problems: DemandProblems;
}) {
  const set = (some: Partial<Extras>) => change({ ...extras, ...some });
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          id={fieldId('deadline')}
          type="datetime-local"
          label="Deadline"
          description="Optional. Time in UTC by which the authority expects an answer."
          value={extras.deadline}
          onChange={({ currentTarget }) => set({ deadline: currentTarget.value })}
        />
      </SimpleGrid>
      <Textarea
        id={fieldId('objection')}
        label="Objection"
        description="Optional. Objection of the person or of your organization. The approvers read and sign it."
        dir="auto"
        autosize
        minRows={2}
        maxLength={4000}
        value={extras.objection}
        onChange={({ currentTarget }) => set({ objection: currentTarget.value })}
      />
      <Checkbox
        id={fieldId('delayed')}
        label="The law forbids the notice for now"
        description="Without a delay, the devices of the person show a notice at once after the production."
        checked={extras.delayed}
        onChange={({ currentTarget }) => set({ delayed: currentTarget.checked })}
      />
      {extras.delayed && (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput
              id={fieldId('notBefore')}
              type="datetime-local"
              label="First time of the notice"
              description="In UTC"
              required
              value={extras.notBefore}
              error={problems.get('notBefore')}
              onChange={({ currentTarget }) => set({ notBefore: currentTarget.value })}
            />
          </SimpleGrid>
          <Textarea
            id={fieldId('basis')}
            label="Legal basis of the delay"
            description="Law or decision that forbids the notice"
            dir="auto"
            autosize
            required
            maxLength={4000}
            value={extras.basis}
            error={problems.get('basis')}
            onChange={({ currentTarget }) => set({ basis: currentTarget.value })}
          />
        </>
      )}
    </Stack>
  );
}
