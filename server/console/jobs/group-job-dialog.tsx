/**
 * Dialog that sends a command to a group, to all devices or to the devices of a list on the page, as a job. The caller gives the fields of
 * the command.
 */
import { Button, Group, List, Modal, Paper, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { issuedToMany } from '../../../shared/api/commands.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { Command } from '../../../shared/protocol/frames.ts';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { devicesText } from '../actions/action-words.ts';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { type AffectedDevices, type Chosen, targetOf, useAffectedDevices } from '../devices/bulk/affected-devices.ts';
import { AffectedDevicesView } from '../devices/bulk/affected-devices-view.tsx';
import { JobFields } from '../devices/bulk/job-fields.tsx';
import { jobOptionsOf, NO_OPTIONS } from '../devices/bulk/job-options.ts';
import { COMMAND_VERBS, commandVerb } from '../words/commands.ts';

/** Devices of a list on the page, such as those that an advisory affects. */
export interface FoundForJob {
  readonly label: string;
  readonly devices: readonly { readonly device: string; readonly user: string; readonly hostname: string | null }[];
}

interface GroupJob {
  /** Kind of the command. No retries and no later devices are possible for it. */
  readonly kind: Command['kind'];
  /** Name of the job, which the admin may change. */
  readonly name: string;
  /** Command of the job; null while a field is missing or invalid. */
  readonly command: Command | null;
  /** Devices that the dialog proposes. Without them, the admin chooses a group. */
  readonly found?: FoundForJob | null;
  /** Fields of the command. */
  readonly children?: ReactNode;
  /** Text above the buttons. */
  readonly effect?: ReactNode;
}

export function GroupJobDialog({
  title,
  opened,
  close,
  ...job
}: GroupJob & { readonly title: string; readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title={title} size="lg">
      <Form {...job} close={close} />
    </Modal>
  );
}

const ALL = 'all';
const FOUND = 'found';
const SHOWN = 5;
const LONGEST_JOB_NAME = 120;

function Form({
  kind,
  name,
  command,
  found = null,
  children,
  effect,
  close,
}: GroupJob & { readonly close: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const [group, setGroup] = useState<string | null>(found && FOUND);
  const [options, setOptions] = useState({ ...NO_OPTIONS, name: name.slice(0, LONGEST_JOB_NAME) });
  const listed = group === FOUND ? found : null;
  const chosen: Chosen =
    listed !== null
      ? { kind: 'some', devices: [] }
      : { kind: 'all', filter: group === null || group === ALL ? {} : { group } };
  const { audience, error, refetch } = useAffectedDevices(chosen);
  const total = listed?.devices.length ?? audience?.total ?? null;
  const jobOptions = jobOptionsOf({ ...options, attempts: null, joiners: false });
  const running = useMutation({
    mutationFn: (to: AffectedDevices) => {
      const target = listed
        ? { devices: listed.devices.map(({ device }) => device), expect: listed.devices.length }
        : targetOf(chosen, to);
      return call('POST', '/commands', issuedToMany, { id, command, ...target, ...jobOptions });
    },
    onSuccess: async (issued) => {
      await client.invalidateQueries({ queryKey: ['commands'] });
      await navigate({ to: '/jobs/$id', params: { id: issued.id } });
    },
  });
  // The command id stays the same while the content stays the same, so that a repeated request creates no second job.
  const content = JSON.stringify([command, group, options]);
  const [{ id, of }, setIdentity] = useState(() => ({ id: newCommandId(), of: content }));
  if (of !== content) {
    setIdentity({ id: newCommandId(), of: content });
    running.reset();
  }
  const isReady = command !== null && group !== null && audience !== null && total !== null && total > 0;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && jobOptions !== null) running.mutate(audience);
      }}
    >
      <Stack>
        <Select
          label="Devices"
          placeholder="Choose a group"
          required
          searchable
          data={[
            ...(found ? [{ value: FOUND, label: found.label }] : []),
            { value: ALL, label: 'All devices that your role includes' },
            ...groups.map(({ id: value, name: label }) => ({ value, label })),
          ]}
          value={group}
          onChange={setGroup}
        />
        {children}
        <JobFields kind={kind} options={options} change={setOptions} destroying filtered={false} />
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {listed ? (
          <Found devices={listed.devices} />
        ) : (
          group !== null && (audience ? <AffectedDevicesView audience={audience} kind={kind} /> : <Loading lines={3} />)
        )}
        {effect}
        {running.isError && <Failure error={running.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!isReady || jobOptions === null} loading={running.isPending}>
            {group !== null && total !== null ? commandVerb(kind, total) : COMMAND_VERBS[kind]}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Found({ devices }: { readonly devices: FoundForJob['devices'] }) {
  return (
    <Paper withBorder p="sm" component="section" aria-label="Affected devices">
      <Text fw={600}>{devicesText(devices.length)}</Text>
      <List size="sm" listStyleType="none" spacing={2} aria-label="First devices">
        {devices.slice(0, SHOWN).map(({ device, user, hostname }) => (
          <List.Item key={device}>
            <UserText>{user}</UserText>
            {hostname !== null && (
              <Text span inherit c="dimmed">
                {' · '}
                <UserText>{hostname}</UserText>
              </Text>
            )}
          </List.Item>
        ))}
        {devices.length > SHOWN && (
          <List.Item>
            <Text span inherit c="dimmed">
              and {(devices.length - SHOWN).toLocaleString('en')} more
            </Text>
          </List.Item>
        )}
      </List>
    </Paper>
  );
}
