/** What waits for approval: what it changes, who has approved, who is still needed, and the way to approve. */
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Given } from '../../../shared/look/given.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { useMay, useSession } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { ACT_NAMES } from '../words/orders.ts';
import { approvalState, type Eligibility, eligibility, missingWords, type RevisionSummary } from './approval-state.ts';
import { DifferenceList } from './difference-list.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';

const HINTS: Readonly<Record<Eligibility, string | null>> = {
  may: null,
  complete: null,
  approved: 'You have approved it.',
  own: 'You proposed it: others have to approve it.',
  no_approver: 'You are not among the approvers: you can read it, and ask one of them.',
};

export function WaitingPanel({
  order,
  revision,
  root,
  texts,
  nameOf,
  approve,
}: {
  readonly order: OrderView;
  /** One that waits, or an adopted hold that a second approval makes last. */
  readonly revision: RevisionSummary;
  readonly root: Approvers;
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
  readonly approve: () => void;
}) {
  const may = useMay();
  const { person } = useSession().account;
  const state = approvalState(order, revision, root);
  const who = eligibility(state, revision, root, person);
  const changes = texts.changes(revision.revision);
  const adopted = revision.state === 'adopted';
  const title = adopted ? 'The hold lapses unless a second approver makes it last' : 'Waiting for approval';
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          <Text size="sm" c="dimmed">
            {ACT_NAMES[revision.act]} (revision {revision.revision}), proposed by{' '}
            <Given>{nameOf(revision.proposer)}</Given> <Moment at={revision.proposedAt} />
            {state.approved.length > 0 && (
              <>
                , approved by <Given>{state.approved.map(nameOf).join(', ')}</Given>
              </>
            )}
          </Text>
        </div>
        {!adopted && changes && <DifferenceList differences={changes} />}
        <Text>{missingWords(state, revision, nameOf)}</Text>
        <Group gap="sm">
          {may('orders.approve') && (who === 'may' || who === 'no_approver') && (
            <Button variant={who === 'may' ? 'filled' : 'default'} onClick={approve}>
              {who === 'may' ? 'Read and approve' : 'Read what is to be signed'}
            </Button>
          )}
          {HINTS[who] !== null && (
            <Text size="sm" c="dimmed">
              {HINTS[who]}
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
