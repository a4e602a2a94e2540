/** Rollback of a change of software: on one device, or on all devices of a job. */
import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type CommandView, commandView, issuedToMany } from '../../../../shared/api/commands.ts';
import { type JobView, jobDeviceList } from '../../../../shared/api/jobs.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import type { Command } from '../../../../shared/protocol/frames.ts';
import { newCommandId } from '../../../../shared/protocol/ids.ts';
import { call, withQuery } from '../../client/call.ts';
import { useMay } from '../../client/session.tsx';
import { commandText } from '../../words/commands.ts';

const EXPLANATION =
  'Each device returns to the versions that it had before the change. A device that has other versions since then changes nothing and reports this.';

const isReversible = (
  command: Command,
): command is Extract<Command, { kind: 'change-software' | 'install-package' | 'update-os' }> =>
  command.kind === 'change-software' || command.kind === 'install-package' || command.kind === 'update-os';

const rollBackOf = (of: string): Command => ({ kind: 'roll-back-software', change: crypto.randomUUID(), of });

export function RollBackOnDevice({ command: { device, command } }: { readonly command: CommandView }) {
  const may = useMay();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  if (!isReversible(command) || !may('commands.change-software')) return null;
  const send = async () => {
    const body = { id: newCommandId(), command: rollBackOf(command.change) };
    await call('POST', `/devices/${device}/commands`, commandView, body);
    await client.invalidateQueries({ queryKey: ['commands'] });
  };
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={open}>
        Roll back…
      </Button>
      <Confirm title="Roll back software" opened={opened} close={close} verb="Roll back software" act={send}>
        <Text size="sm" fw={600}>
          {commandText(command)}
        </Text>
        <Text size="sm">{EXPLANATION}</Text>
      </Confirm>
    </>
  );
}

/** Button for a job that changed software. It appears when a device has reported a result. */
export function RollBackJob({ job }: { readonly job: JobView }) {
  const may = useMay();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure(false);
  const { command, counts } = job;
  const ended = (counts.done ?? 0) + (counts.failed ?? 0);
  if (!isReversible(command) || ended === 0 || !may('commands.change-software')) return null;
  const send = async () => {
    const devices = await endedDevices(job.id);
    const body = {
      id: newCommandId(),
      command: rollBackOf(command.change),
      devices,
      name: `Rollback of ${job.name ?? job.id}`.slice(0, 120),
    };
    const issued = await call('POST', '/commands', issuedToMany, body);
    await navigate({ to: '/jobs/$id', params: { id: issued.id } });
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Roll back…
      </Button>
      <Confirm
        title="Roll back job"
        opened={opened}
        close={close}
        verb={`Roll back ${ended.toLocaleString('en')} devices`}
        act={send}
      >
        <Text size="sm">{EXPLANATION}</Text>
        <Text size="sm">
          The rollback is a new job for the devices that have reported a result. Abort this job first if devices still
          wait for it.
        </Text>
      </Confirm>
    </>
  );
}

async function endedDevices(job: string): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = null; ; ) {
    const query = { limit: 200, ...(after !== null && { after }) };
    const path = withQuery(`/jobs/${encodeURIComponent(job)}/devices`, query);
    const page: ReturnType<typeof jobDeviceList.parse> = await call('GET', path, jobDeviceList);
    for (const { device, state } of page.devices) if (state === 'done' || state === 'failed') found.push(device);
    if (page.next === null) return found;
    after = page.next;
  }
}
