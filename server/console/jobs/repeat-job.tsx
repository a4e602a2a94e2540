/** Button that sends the command of an ended job again, to the devices on which it failed or expired. */
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type JobView, jobDeviceList } from '../../../shared/api/jobs.ts';
import { Failure } from '../../../shared/look/states.tsx';
import type { Command } from '../../../shared/protocol/frames.ts';
import { call, withQuery } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { offeredKinds } from '../devices/bulk/offered-kinds.ts';
import { type FoundForJob, GroupJobDialog } from './group-job-dialog.tsx';
import { isRepeatable, jobTitle, repeated } from './job-words.ts';

const PAGE = 200;

async function devicesIn(job: string, state: 'failed' | 'expired'): Promise<FoundForJob['devices']> {
  const devices: FoundForJob['devices'][number][] = [];
  for (let after: string | null = null; ; ) {
    const path: string = withQuery(`/jobs/${encodeURIComponent(job)}/devices`, { state, after, limit: PAGE });
    const page = await call('GET', path, jobDeviceList);
    devices.push(...page.devices.map(({ device, user, host }) => ({ device, user, hostname: host })));
    after = page.next;
    if (after === null) return devices;
  }
}

export function RepeatJob({ job }: { readonly job: JobView }) {
  const may = useMay();
  const [command, setCommand] = useState<Command | null>(null);
  const { id, counts, state } = job;
  const { kind } = job.command;
  const loading = useMutation({
    mutationFn: async () => [...(await devicesIn(id, 'failed')), ...(await devicesIn(id, 'expired'))],
    onSuccess: () => setCommand(repeated(job.command)),
  });
  const ended = state === 'finished' || state === 'aborted' || state === 'expired';
  const failed = (counts.failed ?? 0) + (counts.expired ?? 0);
  const allowed = isRepeatable(kind) && may('commands.issue-many') && offeredKinds(may).includes(kind);
  if (!ended || failed === 0 || !allowed) return null;
  return (
    <>
      <Button variant="default" loading={loading.isPending} onClick={() => loading.mutate()}>
        Send again to failed devices…
      </Button>
      {loading.isError && <Failure error={loading.error} retry={() => loading.mutate()} />}
      <GroupJobDialog
        title="Send command again"
        opened={command !== null}
        close={() => setCommand(null)}
        kind={kind}
        name={jobTitle(job)}
        found={{ label: 'Devices on which the command failed or expired', devices: loading.data ?? [] }}
        command={command}
      />
    </>
  );
}
