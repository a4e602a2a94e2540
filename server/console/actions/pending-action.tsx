/** Notice about an action that the admin proposed. It follows the action until a second person decides. */
import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { actionDetail } from '../../../shared/api/actions.ts';
import { confirmersText } from '../../../shared/api/confirmation-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { actionQuery } from './queries.ts';

type Action = z.output<typeof actionDetail>;

const TITLES: Readonly<Record<Action['status'], string>> = {
  pending: 'Action pending confirmation',
  confirmed: 'Action confirmed',
  performed: 'Action performed',
  failed: 'Action failed',
  declined: 'Action declined',
  expired: 'Action expired',
};
const COLORS: Readonly<Record<Action['status'], string>> = {
  pending: 'yellow',
  confirmed: 'blue',
  performed: 'green',
  failed: 'red',
  declined: 'red',
  expired: 'red',
};

export function PendingAction({ id }: { readonly id: string }) {
  const may = useMay();
  const { data } = useQuery({ ...actionQuery(id), enabled: may('actions.show') });
  const status = data?.status ?? 'pending';
  return (
    <Alert color={COLORS[status]} title={TITLES[status]} role="status">
      <Text size="sm">
        {data ? <Progress action={data} /> : 'Nothing has changed yet. A second person must confirm the action.'}{' '}
        {may('actions.list') && (
          <PageLink to="/actions" c="inherit" underline="always">
            Show pending actions
          </PageLink>
        )}
      </Text>
    </Alert>
  );
}

function Progress({ action }: { readonly action: Action }) {
  const decider = (
    <UserText>
      {action.decidedBy === null ? 'Another admin' : (action.people[action.decidedBy] ?? action.decidedBy)}
    </UserText>
  );
  switch (action.status) {
    case 'pending':
      return (
        <>
          Nothing has changed yet. The action expires after 24 hours.{' '}
          {action.confirmers && <UserText>{confirmersText(action.confirmers)}</UserText>}
        </>
      );
    case 'confirmed':
      return <>{decider} confirmed the action. The server performs it now.</>;
    case 'performed':
      return <>{decider} confirmed the action, and the server performed it.</>;
    case 'declined':
      return (
        <>
          {decider} declined the action: <UserText>{action.reason ?? ''}</UserText> Nothing has changed.
        </>
      );
    case 'failed':
      return (
        <>
          {decider} confirmed the action, and the server could not perform it.{' '}
          <UserText>{action.outcome ?? ''}</UserText>
        </>
      );
    case 'expired':
      return <>Nobody confirmed the action within 24 hours. Nothing has changed.</>;
  }
}
