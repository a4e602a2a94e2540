/** Dialog that runs a reviewed version on a group or on all devices, as a job. */
import { Button, Group, Modal, Select, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { issuedToMany } from '../../../shared/api/commands.ts';
import type { ScriptVersionView, ScriptView } from '../../../shared/api/scripts.ts';
import { Failure, Loading } from '../../../shared/look/states.tsx';
import { newCommandId } from '../../../shared/protocol/ids.ts';
import { LONGEST_ARGUMENT, MOST_ARGUMENTS } from '../../../shared/scripts/limits.ts';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { type AffectedDevices, type Chosen, targetOf, useAffectedDevices } from '../devices/bulk/affected-devices.ts';
import { AffectedDevicesView } from '../devices/bulk/affected-devices-view.tsx';
import { JobFields } from '../devices/bulk/job-fields.tsx';
import { jobOptionsOf, NO_OPTIONS } from '../devices/bulk/job-options.ts';
import { commandVerb } from '../words/commands.ts';

interface Run {
  readonly script: ScriptView;
  readonly version: ScriptVersionView;
}

export function RunDialog({ opened, close, ...run }: Run & { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title={`Run version ${run.version.version} of ${run.script.name}`} size="lg">
      <Form {...run} close={close} />
    </Modal>
  );
}

const ALL = 'all';

function Form({ script, version, close }: Run & { readonly close: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const [group, setGroup] = useState<string | null>(null);
  const [text, setText] = useState('');
  const [options, setOptions] = useState({ ...NO_OPTIONS, name: script.name });
  // The command id stays the same while the content stays the same, so that a repeated request creates no second job.
  const [id, setId] = useState(newCommandId);
  const chosen: Chosen = { kind: 'all', filter: group === null || group === ALL ? {} : { group } };
  const { audience, error, refetch } = useAffectedDevices(chosen);
  const args = text === '' ? [] : text.split('\n');
  const isTooLong = args.length > MOST_ARGUMENTS || args.some((each) => each.length > LONGEST_ARGUMENT);
  const jobOptions = jobOptionsOf({ ...options, attempts: null, joiners: false });
  const running = useMutation({
    mutationFn: (to: AffectedDevices) =>
      call('POST', '/commands', issuedToMany, {
        id,
        command: {
          kind: 'run-script',
          script: script.id,
          version: version.version,
          ...(args.length > 0 && { arguments: args }),
        },
        ...targetOf(chosen, to),
        ...jobOptions,
      }),
    onSuccess: async (issued) => {
      await client.invalidateQueries({ queryKey: ['commands'] });
      await navigate({ to: '/jobs/$id', params: { id: issued.id } });
    },
  });
  const isReady = group !== null && audience !== null && audience.total > 0 && !isTooLong && jobOptions !== null;
  const change = (act: () => void) => {
    act();
    setId(newCommandId());
    running.reset();
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) running.mutate(audience);
      }}
    >
      <Stack>
        <Select
          label="Devices"
          placeholder="Choose a group"
          required
          data={[
            { value: ALL, label: 'All devices that your role includes' },
            ...groups.map(({ id: value, name }) => ({ value, label: name })),
          ]}
          value={group}
          onChange={(value) => change(() => setGroup(value))}
        />
        <Textarea
          label="Arguments"
          description={`One argument on each line, at most ${MOST_ARGUMENTS}. Leave the field empty for none.`}
          error={isTooLong && `Give at most ${MOST_ARGUMENTS} arguments of at most ${LONGEST_ARGUMENT} characters.`}
          autosize
          minRows={1}
          maxRows={8}
          spellCheck={false}
          value={text}
          onChange={({ currentTarget }) => change(() => setText(currentTarget.value))}
        />
        <JobFields options={options} change={(next) => change(() => setOptions(next))} destroying filtered={false} />
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {group !== null &&
          (audience ? <AffectedDevicesView audience={audience} kind="run-script" /> : <Loading lines={3} />)}
        <Text size="sm">The users of the devices see that the script ran, and who reviewed it.</Text>
        {running.isError && <Failure error={running.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!isReady} loading={running.isPending}>
            {group !== null && audience ? commandVerb('run-script', audience.total) : 'Run script'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
