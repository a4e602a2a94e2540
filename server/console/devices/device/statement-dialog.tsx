import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type DeviceView, deviceView } from '../../../../shared/api/devices.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { isBlocked, OrderEffects, WhoConfirms } from '../../actions/who-confirms.tsx';
import { call } from '../../client/call.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { useActionPreview } from '../bulk/action-preview.ts';
import { EMPTY, type Problems, problemsOf, type StatementForm, statementOf } from './statement.ts';
import { fieldId, StatementFields } from './statement-fields.tsx';

/** Milliseconds without a change of the form before the server previews the statement. */
const PAUSE = 300;
const HOUR = 3_600_000;

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

type Statement = ReturnType<typeof statementOf> | null;

/** Preview of a statement, or of its end (null), by the server. `statement`: undefined while the form is incomplete. */
function usePreview(device: DeviceView, statement: Statement | undefined) {
  const may = useMay()('devices.place');
  const text = JSON.stringify(statement) ?? '';
  const [settled] = useDebouncedValue(text, PAUSE);
  const change = text === '' || settled === '' ? null : { statement: JSON.parse(settled) };
  const preview = useActionPreview(may && change ? { devices: [device.id], action: 'place', change } : null);
  return change === null ? undefined : preview.data;
}

function useChange(device: DeviceView) {
  const client = useQueryClient();
  return async (statement: Statement) => {
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
  // The end of the previewed statement changes once an hour, so that the console does not repeat the preview all the time.
  const draft = Object.keys(problemsOf(form, now)).length > 0 ? undefined : statementOf(form, now - (now % HOUR));
  const preview = usePreview(device, draft);
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
        {preview && <OrderEffects effects={preview.effects} />}
        {!saving.isError && <WhoConfirms second={preview?.secondPerson} />}
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={isBlocked(preview?.secondPerson)} loading={saving.isPending}>
            {form.kind === 'home' ? 'Set home area' : 'Set location'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function EndStatement({ device, opened, close }: DialogProps) {
  const change = useChange(device);
  const preview = usePreview(device, opened ? null : undefined);
  return (
    <Confirm
      title="End statement"
      opened={opened}
      close={close}
      verb="End statement"
      ready={!isBlocked(preview?.secondPerson)}
      act={() => change(null)}
    >
      <Text>
        After the statement ends, observed evidence decides the location of the device again. Orders use that location
        at once.
      </Text>
      {preview && <OrderEffects effects={preview.effects} />}
      <WhoConfirms second={preview?.secondPerson} />
    </Confirm>
  );
}
