import {
  Button,
  Group,
  Modal,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { call } from '../../client/call.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { AreaSelect } from '../../parts/area-select.tsx';
import { asTyped, COUNTRY_CHOICES, subdivisionChoices, withChosen } from '../../words/area-choices.ts';
import {
  EMPTY,
  LIVES,
  LONGEST_REASON,
  type Problems,
  problemsOf,
  type StatementForm,
  statementOf,
} from './statement.ts';

/** Returns the element id of an input. The form needs known ids to focus the first invalid input. By default, Mantine generates ids. */
const fieldId = (field: string): string => `statement-${field}`;

interface DialogProps {
  readonly device: DeviceView;
  readonly opened: boolean;
  readonly close: () => void;
}

export function StatementDialog({ device, opened, close }: DialogProps) {
  return (
    <Modal opened={opened} onClose={close} title="Set location">
      <Form device={device} close={close} />
    </Modal>
  );
}

function useChange(device: DeviceView) {
  const client = useQueryClient();
  return async (statement: ReturnType<typeof statementOf> | null) => {
    await call('PATCH', `/devices/${device.id}`, deviceView, { statement });
    await client.invalidateQueries({
      predicate: ({ queryKey }) => String(queryKey[1]).startsWith(`/devices/${device.id}`),
    });
  };
}

function Form({ device, close }: Omit<DialogProps, 'opened'>) {
  const now = useServerNow(10_000);
  const [form, setForm] = useState(EMPTY);
  const [problems, setProblems] = useState<Problems>({});
  const change = useChange(device);
  const saving = useMutation({ mutationFn: () => change(statementOf(form, now)), onSuccess: close });
  const set = (next: Partial<StatementForm>) => {
    setForm((before) => ({ ...before, ...next }));
    setProblems((before) => Object.fromEntries(Object.entries(before).filter(([field]) => !(field in next))));
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = problemsOf(form, now);
    setProblems(found);
    const [first] = Object.keys(found);
    if (first === undefined) saving.mutate();
    else document.getElementById(fieldId(first))?.focus();
  };

  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <Text size="sm">
          Your statement about the device of <UserText>{device.user}</UserText> overrides all observed evidence until
          the statement ends. Orders use the statement at once.
        </Text>
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
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            {form.kind === 'home' ? 'Set home area' : 'Set location'}
          </Button>
        </Group>
      </Stack>
    </form>
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

export function EndStatement({ device, opened, close }: DialogProps) {
  const change = useChange(device);
  return (
    <Confirm title="End statement" opened={opened} close={close} verb="End statement" act={() => change(null)}>
      <Text>
        After the statement ends, observed evidence decides the location of the device again. Orders use that location
        at once.
      </Text>
    </Confirm>
  );
}
