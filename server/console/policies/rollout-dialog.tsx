import { Button, Group, Modal, NumberInput, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PolicyView, policyView } from '../../../shared/api/policies.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { RehearsalResult } from './rehearsal-result.tsx';

interface RolloutProps {
  readonly policy: PolicyView;
  readonly opened: boolean;
  readonly close: () => void;
}

export function RolloutDialog({ policy, opened, close }: RolloutProps) {
  return (
    <Modal opened={opened} onClose={close} title="Roll out version" size="lg">
      <Form policy={policy} close={close} />
    </Modal>
  );
}

function Form({ policy, close }: Omit<RolloutProps, 'opened'>) {
  const may = useMay();
  const client = useQueryClient();
  const { next, newestVersion } = policy;
  const [version, setVersion] = useState(next?.version ?? newestVersion);
  const [percent, setPercent] = useState(next?.percent ?? 100);
  const rolling = useMutation({
    mutationFn: () => call('POST', `/policies/${policy.id}/rollout`, policyView, { version, percent }),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  const isValid = version >= 1 && version <= newestVersion && percent >= 0 && percent <= 100;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isValid) rolling.mutate();
      }}
    >
      <Stack>
        <NumberInput
          label="Version"
          min={1}
          max={newestVersion}
          allowDecimal={false}
          data-autofocus
          value={version}
          onChange={(value) => setVersion(Number(value))}
        />
        <NumberInput
          label="Share of the devices in percent"
          description="100 makes the version the current one. 0 ends a staged rollout. A larger share keeps all devices of a smaller one."
          min={0}
          max={100}
          allowDecimal={false}
          value={percent}
          onChange={(value) => setPercent(Number(value))}
        />
        {isValid && percent > 0 && may('policies.rehearse') && (
          <RehearsalResult id={policy.id} change={{ version, percent }} />
        )}
        {rolling.isError && <Failure error={rolling.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={rolling.isPending} disabled={!isValid}>
            {percent === 0 ? 'End staged rollout' : `Roll out version ${version}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
