/** Fields of a location statement: kind, areas, reason and duration. */
import { Group, MultiSelect, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { AreaSelect } from '../../parts/area-select.tsx';
import { asTyped, COUNTRY_CHOICES, subdivisionChoices, withChosen } from '../../words/area-choices.ts';
import { EMPTY, LIVES, LONGEST_REASON, type Problems, type StatementForm } from './statement.ts';

/** Returns the element id of an input. The form needs known ids to focus the first invalid input. By default, Mantine generates ids. */
export const fieldId = (field: string): string => `statement-${field}`;

export function StatementFields({
  form,
  problems,
  set,
}: {
  readonly form: StatementForm;
  readonly problems: Problems;
  readonly set: (next: Partial<StatementForm>) => void;
}) {
  return (
    <>
      <SegmentedControl
        fullWidth
        aria-label="Kind of statement"
        data={[
          { value: 'presence', label: 'Location' },
          { value: 'home', label: 'Home area' },
        ]}
        value={form.kind}
        onChange={(kind) => set({ kind: kind === 'home' ? 'home' : 'presence', areas: [] })}
      />
      {form.kind === 'home' ? (
        <AreaSelect
          label="Area"
          required
          id={fieldId('areas')}
          error={problems.areas}
          value={form.areas[0] ?? null}
          onChange={(area) => set({ areas: area === null ? [] : [area] })}
        />
      ) : (
        <AreasSelect value={form.areas} error={problems.areas} change={(areas) => set({ areas })} />
      )}
      <Textarea
        label="Reason"
        description="Explain how you know. The server stores the reason with the device."
        required
        id={fieldId('reason')}
        autosize
        minRows={2}
        dir="auto"
        maxLength={LONGEST_REASON}
        error={problems.reason}
        value={form.reason}
        onChange={({ currentTarget }) => set({ reason: currentTarget.value })}
      />
      <Group grow align="flex-start">
        <Select
          label="Valid for"
          data={LIVES}
          allowDeselect={false}
          value={form.life}
          onChange={(life) => set({ life: life ?? EMPTY.life })}
        />
        {form.life === 'other' && (
          <TextInput
            type="datetime-local"
            label="Valid until, in your time zone"
            required
            id={fieldId('until')}
            error={problems.until}
            value={form.until}
            onChange={({ currentTarget }) => set({ until: currentTarget.value })}
          />
        )}
      </Group>
    </>
  );
}

function AreasSelect({
  value,
  error,
  change,
}: {
  readonly value: readonly string[];
  readonly error: string | undefined;
  readonly change: (areas: string[]) => void;
}) {
  const [typed, setTyped] = useState('');
  return (
    <MultiSelect
      label="Possible areas"
      description="Select several areas if you know only that the device is in one of them. To find the parts of a country, type the country code and a hyphen, for example PK-"
      required
      id={fieldId('areas')}
      data={withChosen([...COUNTRY_CHOICES, ...subdivisionChoices(typed)], value)}
      value={[...value]}
      onChange={change}
      searchable
      filter={asTyped}
      limit={100}
      onSearchChange={setTyped}
      nothingFoundMessage="No area found"
      openOnFocus={false}
      error={error}
    />
  );
}
