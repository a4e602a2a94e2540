/** Buttons for a pending proposal, except approval: retract it, decline it, or consent that it replaces another proposal. */
import { Button, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { revisionView } from '../../../shared/api/orders.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { call } from '../client/call.ts';
import { useMay, useSession } from '../client/session.tsx';
import type { RevisionSummary } from './approval-state.ts';
import { orderQuery } from './queries.ts';

type Choice = 'retraction' | 'decline' | 'replacement';

export function PendingActions({
  number,
  revision,
  approver,
}: {
  readonly number: string;
  readonly revision: RevisionSummary;
  readonly approver: boolean;
}) {
  const may = useMay();
  const { person } = useSession().account;
  const client = useQueryClient();
  const [choice, setChoice] = useState<Choice | null>(null);
  const [reason, setReason] = useState('');
  const own = revision.proposer === person;
  const close = () => setChoice(null);
  const decide = (verb: Choice, body?: object) => async () => {
    await call(
      'POST',
      `/orders/${encodeURIComponent(number)}/revisions/${revision.revision}/${verb}`,
      revisionView,
      body,
    );
    await client.invalidateQueries({ queryKey: orderQuery(number).queryKey });
  };
  return (
    <>
      {own && may('orders.retract') && (
        <Button variant="default" onClick={() => setChoice('retraction')} aria-haspopup="dialog">
          Retract proposal
        </Button>
      )}
      {!own && revision.state === 'requested' && may('orders.confirm-replacement') && (
        <Button onClick={() => setChoice('replacement')} aria-haspopup="dialog">
          Confirm replacement
        </Button>
      )}
      {!own && approver && may('orders.decline') && (
        <Button variant="default" color="red" onClick={() => setChoice('decline')} aria-haspopup="dialog">
          Decline proposal
        </Button>
      )}
      <Confirm
        title={`Retract revision ${revision.revision} of order ${number}`}
        opened={choice === 'retraction'}
        close={close}
        verb="Retract proposal"
        act={decide('retraction')}
      >
        <Text>
          The proposal ends and cannot be approved. The order does not change. The ledger records the retraction.
        </Text>
      </Confirm>
      <Confirm
        title={`Replace the pending proposal of order ${number}`}
        opened={choice === 'replacement'}
        close={close}
        verb="Confirm replacement"
        grave
        act={decide('replacement')}
      >
        <Text>
          Revision {revision.revision} becomes the pending proposal. The server discards the approvals of the earlier
          proposal. Your confirmation is not an approval.
        </Text>
      </Confirm>
      <Confirm
        title={`Decline revision ${revision.revision} of order ${number}`}
        opened={choice === 'decline'}
        close={close}
        verb="Decline proposal"
        grave
        ready={reason.trim() !== ''}
        act={decide('decline', { reason: reason.trim() })}
      >
        <Text>The proposal ends and cannot be approved. The order does not change.</Text>
        <Textarea
          label="Reason"
          description="Every admin who can read the order can read the reason."
          required
          autosize
          minRows={3}
          maxLength={2000}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          data-autofocus
        />
      </Confirm>
    </>
  );
}
