import { Alert, Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useSession } from '../client/session.tsx';
import { replacementWords } from './approval-state.ts';
import { BasisFields, basisOf, NO_BASIS } from './basis-fields.tsx';
import { extendWords } from './extend-words.ts';
import { DateTimeField } from './form/date-time-field.tsx';
import { localTimeAt, NO_TIME, timeText } from './form/local-time.ts';
import { useActionProposal } from './use-action-proposal.ts';
import { Warnings } from './warnings.tsx';

interface Props {
  readonly order: OrderView;
  readonly close: () => void;
  readonly proposed: (revision: number) => void;
}

export function ExtendDialog(props: Props) {
  return (
    <Modal opened onClose={props.close} size="lg" title={`Extend order ${props.order.number}`}>
      <ExtendBody {...props} />
    </Modal>
  );
}

function ExtendBody({ order, close, proposed }: Props) {
  const { effective: present, until: presentEnd, zone } = order.terms;
  const now = useServerNow(60_000);
  const [basis, setBasis] = useState(NO_BASIS);
  const [effective, setEffective] = useState(() => localTimeAt(present, zone));
  const [ends, setEnds] = useState(presentEnd !== null);
  const [until, setUntil] = useState(() => (presentEnd === null ? NO_TIME : localTimeAt(presentEnd, zone)));

  const body = {
    action: 'extend' as const,
    effective: timeText(effective) ?? '',
    until: ends ? (timeText(until) ?? '') : null,
    ...basisOf(basis),
  };
  const { preview, proposing, isCurrent } = useActionProposal(order.number, body, proposed);

  const problems = preview.data?.problems ?? [];
  const problemAt = (field: string) => {
    const found = problems.find((problem) => problem.field === field);
    return found && { text: found.detail, suggestions: found.suggestions, missing: false };
  };
  const others = problems.filter(({ field }) => field !== 'effective' && field !== 'until');
  const same = body.effective === present && body.until === presentEnd;
  const replacement = replacementWords(order, useSession().account.person);
  return (
    <Stack>
      <Text>{extendWords(order, now)} Two approvers other than you must approve the proposal.</Text>
      <DateTimeField
        id="extend-effective"
        legend="Takes effect"
        value={effective}
        zone={zone}
        read={preview.data?.effective ?? null}
        change={setEffective}
        problem={problemAt('effective')}
      />
      <Checkbox
        checked={ends}
        onChange={({ currentTarget }) => setEnds(currentTarget.checked)}
        label="Set an end time"
        description="Without an end time, the order lasts until two approvers withdraw it."
      />
      {ends && (
        <DateTimeField
          id="extend-until"
          legend="Ends"
          value={until}
          zone={zone}
          read={preview.data?.until ?? null}
          change={setUntil}
          problem={problemAt('until')}
        />
      )}
      <BasisFields value={basis} change={setBasis} />
      {replacement && (
        <Alert color="yellow" title="Another proposal is pending">
          {replacement}
        </Alert>
      )}
      {others.length > 0 && (
        <Alert color="red" title="The server would refuse this proposal" role="alert">
          {others.map(({ detail }) => detail).join(' ')}
        </Alert>
      )}
      <Warnings warnings={preview.data?.warnings ?? []} />
      {preview.isError && <Failure error={preview.error} retry={() => void preview.refetch()} />}
      {proposing.isError && <Failure error={proposing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          loading={proposing.isPending}
          disabled={same || !isCurrent || problems.length > 0}
          onClick={() => proposing.mutate()}
        >
          Propose new dates
        </Button>
      </Group>
    </Stack>
  );
}
