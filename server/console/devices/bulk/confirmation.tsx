/** Parts of dialogs for actions that destroy data or end enrollments: the typed number of devices, and the second person. */
import { Alert, Button, Group, NumberInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { actionsQuery } from '../../actions/queries.ts';
import { useMay } from '../../client/session.tsx';
import { ButtonLink } from '../../parts/links.tsx';

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

/** Notice that the command or action waits for another admin's confirmation. */
export function SecondPerson({ noun, total }: { readonly noun: Noun; readonly total: number }) {
  const may = useMay();
  const soloLimit = useQuery({ ...actionsQuery, enabled: may('actions.list') }).data?.soloLimit;
  if (!soloLimit || soloLimit.used + total <= soloLimit.limit) return null;
  return (
    <Alert color="yellow" title={`A second person must confirm this ${noun}`}>
      <Text size="sm">
        One admin alone may wipe, unenroll, revoke, reassign or retire at most {soloLimit.limit} devices in 24 hours.
        The server records this {noun} as pending. Another admin can confirm the action within 24 hours.
      </Text>
    </Alert>
  );
}

export function Proposed({ noun, close }: { readonly noun: Noun; readonly close: () => void }) {
  return (
    <Stack>
      <Alert
        color="yellow"
        title={noun === 'command' ? 'Command pending confirmation' : 'Action pending confirmation'}
        role="status"
      >
        <Text size="sm">
          {noun === 'command' ? 'No device has received the command yet.' : 'The server has changed nothing yet.'}{' '}
          Another admin can confirm or decline the {noun} within 24 hours.
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
        <ButtonLink to="/actions">Show pending actions</ButtonLink>
      </Group>
    </Stack>
  );
}
