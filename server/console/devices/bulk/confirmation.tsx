/** Parts of dialogs for actions that destroy data or end enrollments: the typed number of devices, and the pending action. */
import { Alert, Button, Group, NumberInput, Stack } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ApiError } from '../../../../shared/look/api-error.ts';
import { Failure } from '../../../../shared/look/states.tsx';

/** Noun for what the admin confirms, such as "command" or "action". */
type Noun = 'command' | 'action';

export function CountConfirmation({
  title,
  noun,
  total,
  confirmed,
  confirm,
}: {
  /** Default: the admin cannot undo the command or action. */
  readonly title?: string;
  readonly noun: Noun;
  readonly total: number;
  readonly confirmed: number | null;
  readonly confirm: (count: number | null) => void;
}) {
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={title ?? `You cannot undo this ${noun}`}>
      <NumberInput
        label={`Type the number of devices, ${total.toLocaleString('en')}, to confirm`}
        allowNegative={false}
        allowDecimal={false}
        styles={{ wrapper: { maxWidth: 220 } }}
        value={confirmed ?? ''}
        onChange={(value) => confirm(typeof value === 'number' ? value : null)}
      />
    </Alert>
  );
}

/** The server stored the request as a pending action. `error`: response of the server, which names the action. */
export function Proposed({ error, close }: { readonly error: ApiError; readonly close: () => void }) {
  return (
    <Stack>
      <Failure error={error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
