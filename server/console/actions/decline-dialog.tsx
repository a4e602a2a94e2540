import { Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ActionView, actionView } from '../../../shared/api/actions.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { call } from '../client/call.ts';
import { actionName, devicesText } from './action-words.ts';

export function DeclineDialog({ action, close }: { readonly action: ActionView | null; readonly close: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const leave = () => {
    setReason('');
    close();
  };
  const decline = async () => {
    await call('POST', `/actions/${action?.id}/decline`, actionView, { reason: reason.trim() });
    await client.invalidateQueries({ queryKey: ['accounts'] });
  };
  return (
    <Confirm
      title={action?.mine ? 'Withdraw action' : 'Decline action'}
      opened={action !== null}
      close={leave}
      verb={action?.mine ? 'Withdraw action' : 'Decline action'}
      ready={reason.trim() !== ''}
      act={decline}
    >
      {action && (
        <Text size="sm">
          {actionName(action.action)}: {devicesText(action.devices)}. The server will not perform this action.
        </Text>
      )}
      <Textarea
        label="Reason"
        description="Other admins can read the reason."
        required
        autosize
        minRows={2}
        maxLength={2000}
        value={reason}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
      />
    </Confirm>
  );
}
