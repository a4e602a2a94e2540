import { Button, Checkbox, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type JobView, jobView } from '../../../shared/api/jobs.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { RollBackJob } from '../devices/commands/roll-back.tsx';
import { RepeatJob } from './repeat-job.tsx';

type Action = 'pause' | 'resume' | 'abort';

/** Buttons of a job that has not ended, each with a dialog that asks for the reason. */
export function JobActions({ job }: { readonly job: JobView }) {
  return (
    <>
      <OpenJobActions job={job} />
      <RepeatJob job={job} />
      <RollBackJob job={job} />
    </>
  );
}

function OpenJobActions({ job }: { readonly job: JobView }) {
  const may = useMay();
  const [action, setAction] = useState<Action | null>(null);
  const close = () => setAction(null);
  const { state } = job;
  if (state !== 'running' && state !== 'paused' && state !== 'stopped') return null;
  return (
    <>
      {state === 'running' && may('jobs.pause') && (
        <Button variant="default" onClick={() => setAction('pause')}>
          Pause job
        </Button>
      )}
      {state !== 'running' && may('jobs.resume') && <Button onClick={() => setAction('resume')}>Resume job</Button>}
      {may('jobs.abort') && (
        <Button variant="default" onClick={() => setAction('abort')}>
          Abort job
        </Button>
      )}
      <PauseDialog job={job} opened={action === 'pause'} close={close} />
      <ResumeDialog job={job} opened={action === 'resume'} close={close} />
      <AbortDialog job={job} opened={action === 'abort'} close={close} />
    </>
  );
}

interface DialogProps {
  readonly job: JobView;
  readonly opened: boolean;
  readonly close: () => void;
}

function useControl(id: string, action: Action) {
  const client = useQueryClient();
  return async (body: object) => {
    try {
      await call('POST', `/jobs/${encodeURIComponent(id)}/${action}`, jobView, body);
    } finally {
      // Load the job even if the server refuses the action, because the job may have ended in the meantime.
      await client.invalidateQueries({ queryKey: ['commands'] });
    }
  };
}

function Reason({ value, change }: { readonly value: string; readonly change: (value: string) => void }) {
  return (
    <Textarea
      label="Reason (optional)"
      autosize
      minRows={2}
      maxLength={500}
      dir="auto"
      value={value}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

const reasonOf = (text: string) => (text.trim() === '' ? {} : { reason: text.trim() });

function PauseDialog({ job, opened, close }: DialogProps) {
  const [reason, setReason] = useState('');
  const control = useControl(job.id, 'pause');
  return (
    <Confirm title="Pause job" opened={opened} close={close} verb="Pause job" act={() => control(reasonOf(reason))}>
      <Stack>
        <Text size="sm">
          The server sends the command to no further device until an admin resumes the job. Devices that already have
          the command still run it.
        </Text>
        <Reason value={reason} change={setReason} />
      </Stack>
    </Confirm>
  );
}

function ResumeDialog({ job, opened, close }: DialogProps) {
  const [reason, setReason] = useState('');
  const [percent, setPercent] = useState<number | string>(job.stop?.percent ?? '');
  const [stops, setStops] = useState(job.stop !== null);
  const control = useControl(job.id, 'resume');
  const valid = !stops || (typeof percent === 'number' && percent >= 0.1 && percent <= 100);
  const minimum = job.stop?.minimum ?? 20;
  return (
    <Confirm
      title="Resume job"
      opened={opened}
      close={close}
      verb="Resume job"
      ready={valid}
      act={() => control({ ...reasonOf(reason), stop: stops ? { percent, minimum } : null })}
    >
      <Stack>
        <Text size="sm">
          The server continues to send the command. Earlier failures no longer count toward the failure rate.
        </Text>
        <Checkbox
          label="Stop the job again at a failure rate"
          checked={stops}
          onChange={({ currentTarget }) => setStops(currentTarget.checked)}
        />
        {stops && (
          <NumberInput
            label="Failure rate in percent"
            min={0.1}
            max={100}
            styles={{ wrapper: { maxWidth: 160 } }}
            value={percent}
            onChange={setPercent}
          />
        )}
        <Reason value={reason} change={setReason} />
      </Stack>
    </Confirm>
  );
}

function AbortDialog({ job, opened, close }: DialogProps) {
  const [reason, setReason] = useState('');
  const control = useControl(job.id, 'abort');
  const { queued = 0, stored = 0 } = job.counts;
  return (
    <Confirm
      title="Abort job"
      opened={opened}
      close={close}
      verb="Abort job"
      grave
      act={() => control(reasonOf(reason))}
    >
      <Stack>
        <Text size="sm">
          Devices that have not received the command: {queued.toLocaleString('en')}. The server cancels it for them.
          Devices that have received the command: {stored.toLocaleString('en')}. The server asks them to cancel it. For
          devices that have already started the command, it is too late. You cannot resume an aborted job.
        </Text>
        <Reason value={reason} change={setReason} />
      </Stack>
    </Confirm>
  );
}
