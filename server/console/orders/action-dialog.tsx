import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useSession } from '../client/session.tsx';
import { servicesWords } from '../words/orders.ts';
import { replacementWords } from './approval-state.ts';
import { BasisFields, basisOf, NO_BASIS } from './basis-fields.tsx';
import { progressQuery } from './queries.ts';
import { useActionProposal } from './use-action-proposal.ts';
import { Warnings } from './warnings.tsx';

export type PlainAction = 'pause' | 'resume' | 'exit' | 'withdraw';

const ACTION_TITLES: Readonly<Record<PlainAction, string>> = {
  pause: 'Pause order',
  resume: 'Resume order',
  exit: 'End service and wipe work data by order',
  withdraw: 'Withdraw order',
};
const VERBS: Readonly<Record<PlainAction, string>> = {
  pause: 'Propose pause',
  resume: 'Propose resumption',
  exit: 'Propose exit',
  withdraw: 'Propose withdrawal',
};

function consequences(action: PlainAction, order: OrderView, now: number): readonly string[] {
  const services = servicesWords(order.terms.services);
  const begun = Date.parse(order.terms.effective) <= now;
  switch (action) {
    case 'pause':
      return [
        begun
          ? `All devices that the order affects regain these services at once: ${services}. Devices do not enroll again.`
          : 'While the order is paused, it suspends no service, even after its effective time.',
        'One approval pauses the order for 72 hours. The proposer may give this approval. A second approval removes the time limit.',
        'For a court order, enter the court, the case number and the document. One approval then pauses the order without a time limit.',
      ];
    case 'resume':
      return [
        begun
          ? `The order becomes active at once. It suspends these services again: ${services}.`
          : 'After the resumption, the order takes effect at its effective time.',
        'Two approvers other than you must approve the resumption.',
      ];
    case 'exit':
      return [
        'An exit ends service for good and deletes work data. After two approvals, each device that the order certainly affects wipes its work data when its export window ends. The device signs a receipt.',
        'The server then ends the enrollment, revokes the certificates and deletes the stored data of the device. After 30 days, the server does the same for devices that do not respond. Devices under a legal hold keep everything.',
        'Nobody can restore wiped work data. A pause, a change or a withdrawal of the order stops the exit on all devices that have not wiped their data yet.',
        'Two approvers other than you must approve the exit. Approvals of the order itself do not count for the exit.',
      ];
    case 'withdraw':
      return [
        order.status === 'proposed'
          ? 'The order is still a proposal. The withdrawal cancels this proposal.'
          : `The order ends for good. All affected devices regain these services: ${services}. Devices do not enroll again and keep their data.`,
        'Two approvers other than you must approve the withdrawal. You cannot reactivate a withdrawn order, but you can propose a new order.',
      ];
  }
}

export function ActionDialog({
  action,
  order,
  close,
  proposed,
}: {
  readonly action: PlainAction | null;
  readonly order: OrderView;
  readonly close: () => void;
  readonly proposed: (revision: number) => void;
}) {
  return (
    <Modal
      opened={action !== null}
      onClose={close}
      size="lg"
      title={action === null ? '' : `${ACTION_TITLES[action]} ${order.number}`}
    >
      {action !== null && <ActionBody action={action} order={order} close={close} proposed={proposed} />}
    </Modal>
  );
}

function ActionBody({
  action,
  order,
  close,
  proposed,
}: {
  readonly action: PlainAction;
  readonly order: OrderView;
  readonly close: () => void;
  readonly proposed: (revision: number) => void;
}) {
  const now = useServerNow(10_000);
  const progress = useQuery(progressQuery(order.number)).data;
  const [basis, setBasis] = useState(NO_BASIS);
  const body = { action, ...(action !== 'exit' && basisOf(basis)) };
  const { preview, proposing } = useActionProposal(order.number, body, proposed);
  const replacement = replacementWords(order, useSession().account.person);
  const problems = preview.data?.problems ?? [];
  const [typed, setTyped] = useState('');
  const confirmed = action !== 'exit' || typed.trim() === order.number;
  return (
    <Stack>
      {consequences(action, order, now).map((sentence) => (
        <Text key={sentence}>{sentence}</Text>
      ))}
      {progress !== undefined && progress.revision !== null && (
        <Text>
          The order affects {progress.total.toLocaleString('en')} {progress.total === 1 ? 'device' : 'devices'}.
        </Text>
      )}
      {replacement && (
        <Alert color="yellow" title="Another proposal is pending">
          {replacement}
        </Alert>
      )}
      {problems.length > 0 && (
        <Alert color="red" title="The server would refuse this proposal" role="alert">
          {problems.map(({ detail }) => detail).join(' ')}
        </Alert>
      )}
      <Warnings warnings={action === 'resume' || action === 'exit' ? (preview.data?.warnings ?? []) : []} />
      {action !== 'exit' && <BasisFields value={basis} change={setBasis} />}
      {action === 'exit' && (
        <TextInput
          label={`Type the order number, ${order.number}, to confirm`}
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
          {...((action === 'withdraw' || action === 'exit') && { color: 'red' })}
          loading={proposing.isPending}
          disabled={problems.length > 0 || !confirmed}
          onClick={() => proposing.mutate()}
        >
          {VERBS[action]}
        </Button>
      </Group>
    </Stack>
  );
}
