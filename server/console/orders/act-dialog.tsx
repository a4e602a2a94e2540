/** Proposing a hold, a release or a withdrawal: what will happen, and afterwards who is still needed. */
import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type OrderView, orderPreview, revisionView } from '../../../shared/api/orders.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { useServerNow } from '../client/server-time.tsx';
import { ACT_NAMES, servicesWords } from '../words/orders.ts';
import { waitingRevision } from './approval-state.ts';
import { orderQuery, progressQuery } from './queries.ts';
import { Warnings } from './warnings.tsx';

export type PlainAct = 'hold' | 'release' | 'exit' | 'withdraw';

const VERBS: Readonly<Record<PlainAct, string>> = {
  hold: 'Propose the hold',
  release: 'Propose the release',
  exit: 'Propose the exit',
  withdraw: 'Propose the withdrawal',
};

/** What comes of it, once it is approved. */
function consequences(act: PlainAct, order: OrderView, now: number): readonly string[] {
  const services = servicesWords(order.terms.services);
  const begun = Date.parse(order.terms.effective) <= now;
  switch (act) {
    case 'hold':
      return [
        begun
          ? `Service comes back at once on every device from which the order takes it: ${services}. Devices need not be enrolled again.`
          : `When its time comes, the order shuts nothing as long as it is on hold.`,
        'One approval holds it for 72 hours, and whoever proposes the hold may give it. With a second approval it stays on hold until it is released.',
      ];
    case 'release':
      return [
        begun
          ? `The order is in force at once: where it says so, service is shut again (${services}).`
          : 'The order takes effect at its time.',
        'Two approvers are needed, neither of them you.',
      ];
    case 'exit':
      return [
        'Once two people have approved it, every device that the order surely denies service wipes the work data on it, as soon as it has had its own time to export. It says so with its own signature.',
        'The server then ends its enrolment, revokes its certificates and destroys what is held for it. Devices that do not answer for 30 days are ended too. Devices under a legal hold keep everything.',
        'This cannot be undone. A hold, a change or the withdrawal of the order stops it wherever it has not been carried out yet.',
        'Two approvers are needed, neither of them you: their approval of the order itself does not count for this.',
      ];
    case 'withdraw':
      return [
        order.status === 'proposed'
          ? 'The proposal comes to nothing.'
          : `The order ends for good. Service comes back on every device from which it takes it: ${services}. Devices need not be enrolled again, and what is on them stays.`,
        'Two approvers are needed, neither of them you. A withdrawn order cannot be taken up again: another one would have to be proposed.',
      ];
  }
}

export function ActDialog({
  act,
  order,
  close,
  proposed,
}: {
  readonly act: PlainAct | null;
  readonly order: OrderView;
  readonly close: () => void;
  /** With the number of the new revision. */
  readonly proposed: (revision: number) => void;
}) {
  return (
    <Modal
      opened={act !== null}
      onClose={close}
      title={act === null ? '' : `${ACT_NAMES[act]} of order ${order.number}`}
    >
      {act !== null && <ActBody act={act} order={order} close={close} proposed={proposed} />}
    </Modal>
  );
}

function ActBody({
  act,
  order,
  close,
  proposed,
}: {
  readonly act: PlainAct;
  readonly order: OrderView;
  readonly close: () => void;
  readonly proposed: (revision: number) => void;
}) {
  const now = useServerNow(10_000);
  const client = useQueryClient();
  const progress = useQuery(progressQuery(order.number)).data;
  const draft = { order: order.number, act };
  const preview = useQuery({
    queryKey: ['orders+clock', 'preview', draft],
    queryFn: ({ signal }) => call('POST', '/orders/preview', orderPreview, draft, signal),
  });
  const proposing = useMutation({
    mutationFn: () => call('POST', `/orders/${encodeURIComponent(order.number)}/revisions`, revisionView, { act }),
    onSuccess: async ({ revision }) => {
      await client.invalidateQueries({ queryKey: orderQuery(order.number).queryKey });
      proposed(revision);
    },
  });
  const aside = waitingRevision(order);
  const problems = preview.data?.problems ?? [];
  const [typed, setTyped] = useState('');
  const confirmed = act !== 'exit' || typed.trim() === order.number;
  return (
    <Stack>
      {consequences(act, order, now).map((sentence) => (
        <Text key={sentence}>{sentence}</Text>
      ))}
      {progress !== undefined && progress.revision !== null && (
        <Text>
          It is about {progress.reached} {progress.reached === 1 ? 'device' : 'devices'}.
        </Text>
      )}
      {aside && (
        <Alert color="yellow" title={`Revision ${aside.revision} is set aside by this`}>
          {ACT_NAMES[aside.act]} still waits for approval. Only the newest revision can be approved.
        </Alert>
      )}
      {problems.length > 0 && (
        <Alert color="red" title="This would be refused" role="alert">
          {problems.map(({ detail }) => detail).join(' ')}
        </Alert>
      )}
      <Warnings warnings={act === 'release' || act === 'exit' ? (preview.data?.warnings ?? []) : []} />
      {act === 'exit' && (
        <TextInput
          label={`Type the order’s number, ${order.number}, to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      {proposing.isError && <Failure error={proposing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          {...((act === 'withdraw' || act === 'exit') && { color: 'red' })}
          loading={proposing.isPending}
          disabled={problems.length > 0 || !confirmed}
          onClick={() => proposing.mutate()}
        >
          {VERBS[act]}
        </Button>
      </Group>
    </Stack>
  );
}
