/** The second person reads the exact scope of an action, types the number of devices, and confirms. */
import { Alert, Button, Code, Group, List, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { actionConfirmed, type actionDetail } from '../../../shared/api/actions.ts';
import { createdCode } from '../../../shared/api/codes.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { actionName, devicesText } from './action-words.ts';
import { actionQuery } from './queries.ts';

export function ConfirmDialog({ id, close }: { readonly id: string | null; readonly close: () => void }) {
  return (
    <Modal opened={id !== null} onClose={close} title="Confirm as the second person" size="lg">
      {id !== null && <Loaded id={id} close={close} />}
    </Modal>
  );
}

function Loaded({ id, close }: { readonly id: string; readonly close: () => void }) {
  const query = useQuery(actionQuery(id));
  return <Answer query={query}>{(action) => <Form action={action} close={close} />}</Answer>;
}

function Form({ action, close }: { readonly action: z.output<typeof actionDetail>; readonly close: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState<number | null>(null);
  const confirming = useMutation({
    mutationFn: () => call('POST', `/actions/${action.id}/confirm`, actionConfirmed, { hash: action.hash }),
    onSettled: () => client.invalidateQueries(),
  });
  if (confirming.data) return <Performed result={confirming.data.result} close={close} />;
  const ready = typed === action.devices;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) confirming.mutate();
      }}
    >
      <Stack>
        <Text>
          <Given>{action.people[action.proposedBy] ?? action.proposedBy}</Given> proposed: {actionName(action.action)},{' '}
          {devicesText(action.devices)}.
        </Text>
        <List size="sm" listStyleType="none" spacing={2} aria-label="Devices">
          {action.sample.map(({ device, user }) => (
            <List.Item key={device}>
              <Given>{user}</Given>{' '}
              <Text span c="dimmed">
                {device}
              </Text>
            </List.Item>
          ))}
          {action.devices > action.sample.length && (
            <List.Item>
              <Text span c="dimmed">
                and {(action.devices - action.sample.length).toLocaleString('en')} more
              </Text>
            </List.Item>
          )}
        </List>
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="This cannot be undone">
          <NumberInput
            label={`Type the number of devices, ${action.devices.toLocaleString('en')}, to confirm`}
            allowNegative={false}
            allowDecimal={false}
            styles={{ wrapper: { maxWidth: 220 } }}
            value={typed ?? ''}
            onChange={(value) => setTyped(typeof value === 'number' ? value : null)}
          />
        </Alert>
        {confirming.isError && <Failure error={confirming.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!ready} loading={confirming.isPending}>
            Confirm the action
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The response may hold a link that is shown only once. */
function Performed({ result, close }: { readonly result: unknown; readonly close: () => void }) {
  const code = createdCode.safeParse(result);
  return (
    <Stack>
      <Text role="status">The server performed the action.</Text>
      {code.success && (
        <>
          <Text size="sm">Copy this activation link now and give it to the user. It is shown only once.</Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {code.data.link}
          </Code>
          <CopyButton text={code.data.link}>Copy the link</CopyButton>
        </>
      )}
      <Group justify="flex-end">
        <Button onClick={close}>Close</Button>
      </Group>
    </Stack>
  );
}
