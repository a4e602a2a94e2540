/** Dialog in which a second person confirms an action. The person reads the affected devices and types their number. */
import { Alert, Button, Code, Group, List, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { actionConfirmed, type actionDetail } from '../../../shared/api/actions.ts';
import { createdCode } from '../../../shared/api/codes.ts';
import { confirmersText } from '../../../shared/api/confirmation-words.ts';
import { policyParams } from '../../../shared/api/policies.ts';
import { reassignmentResult } from '../../../shared/api/reassignment.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useDeviceName } from '../client/device-names.ts';
import { groupsQuery } from '../client/queries.ts';
import { RunningChange } from '../devices/bulk/running-change.tsx';
import { NewLinks } from '../devices/reassign/new-links.tsx';
import { Facts } from '../parts/facts.tsx';
import { PageLink } from '../parts/links.tsx';
import { actionName, consequence, devicesText } from './action-words.ts';
import { proposalFacts } from './proposal-facts.ts';
import { actionQuery } from './queries.ts';
import { OrderEffects } from './who-confirms.tsx';

export function ConfirmDialog({ id, close }: { readonly id: string | null; readonly close: () => void }) {
  return (
    <Modal opened={id !== null} onClose={close} title="Confirmation by a second person" size="lg">
      {id !== null && <Loaded id={id} close={close} />}
    </Modal>
  );
}

function HostName({ device }: { readonly device: string }) {
  const name = useDeviceName(device);
  const hostname = name?.displayName ?? name?.hostname;
  if (!hostname) return null;
  return (
    <Text span inherit c="dimmed">
      <UserText>{hostname}</UserText>
    </Text>
  );
}

function Loaded({ id, close }: { readonly id: string; readonly close: () => void }) {
  const query = useQuery(actionQuery(id));
  return <QueryResult query={query}>{(action) => <Form action={action} close={close} />}</QueryResult>;
}

type Action = z.output<typeof actionDetail>;

function Form({ action, close }: { readonly action: Action; readonly close: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState<number | null>(null);
  const confirming = useMutation({
    mutationFn: () => call('POST', `/actions/${action.id}/confirm`, actionConfirmed, { hash: action.hash }),
    onSettled: () => client.invalidateQueries(),
  });
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const facts = proposalFacts(action, (id) => groups.find((group) => group.id === id)?.name ?? id);
  if (confirming.data) return <Performed result={confirming.data.result} close={close} />;
  const ready = action.confirmable && (action.devices === 0 || typed === action.devices);
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
          <UserText>{action.people[action.proposedBy] ?? action.proposedBy}</UserText> proposed:{' '}
          {actionName(action.action)}, {devicesText(action.devices)}.
        </Text>
        {facts.length > 0 && (
          <Facts facts={facts.map(({ label, value }) => ({ label, value: <UserText>{value}</UserText> }))} />
        )}
        <PolicyLink params={action.params} name={action.policy} />
        <List size="sm" listStyleType="none" spacing={2} aria-label="Devices">
          {action.sample.map(({ device, user, owner }) => (
            <List.Item key={device}>
              <UserText>{user}</UserText> <HostName device={device} />
              {owner !== null && (
                <>
                  {' · new owner: '}
                  <UserText>{owner}</UserText>
                </>
              )}
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
        {action.effects &&
          (action.effects.length > 0 ? (
            <OrderEffects effects={action.effects} />
          ) : (
            <Text size="sm">The change alters the effect of no order now.</Text>
          ))}
        {action.status === 'pending' && !action.confirmable && <NotIndependent action={action} />}
        {action.devices === 0 ? (
          <Text size="sm">No device is affected now. Devices that join the groups later are affected.</Text>
        ) : (
          <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={consequence(action.action)}>
            <NumberInput
              label={`Type the number of devices, ${action.devices.toLocaleString('en')}, to confirm`}
              allowNegative={false}
              allowDecimal={false}
              styles={{ wrapper: { maxWidth: 220 } }}
              value={typed ?? ''}
              onChange={(value) => setTyped(typeof value === 'number' ? value : null)}
            />
          </Alert>
        )}
        {confirming.isError && <Failure error={confirming.error} />}
        {confirming.isPending && <RunningChange />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!ready} loading={confirming.isPending}>
            Confirm action
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function PolicyLink({ params, name }: { readonly params: unknown; readonly name: string | null }) {
  const known = name === null ? null : policyParams.safeParse(params);
  if (!known?.success) return null;
  return (
    <PageLink to="/policies/$id" params={{ id: known.data.id }}>
      Open policy
    </PageLink>
  );
}

function NotIndependent({ action }: { readonly action: Action }) {
  return (
    <Alert color="yellow" title="You cannot confirm this action">
      <Text size="sm">
        {action.mine
          ? 'You proposed it.'
          : 'You and the proposer count as one person, because one account created the other or was shown its sign-in link.'}{' '}
        {action.confirmers && <UserText>{confirmersText(action.confirmers)}</UserText>}
      </Text>
    </Alert>
  );
}

function Performed({ result, close }: { readonly result: unknown; readonly close: () => void }) {
  const code = createdCode.safeParse(result);
  const links = reassignmentResult.safeParse(result);
  if (links.success) return <NewLinks result={links.data} close={close} />;
  return (
    <Stack>
      <Text role="status">The server performed the action.</Text>
      {code.success && (
        <>
          <Text size="sm">Copy this activation link now and give it to the user. It is shown only once.</Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {code.data.link}
          </Code>
          <CopyButton text={code.data.link}>Copy link</CopyButton>
        </>
      )}
      <Group justify="flex-end">
        <Button onClick={close}>Close</Button>
      </Group>
    </Stack>
  );
}
