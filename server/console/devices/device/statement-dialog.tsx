import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { call } from '../../client/call.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { EMPTY, type Problems, problemsOf, type StatementForm, statementOf } from './statement.ts';
import { fieldId, StatementFields } from './statement-fields.tsx';

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
        <StatementFields form={form} problems={problems} set={set} />
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
