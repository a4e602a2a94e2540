import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { OrderView } from '../../../shared/api/orders.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { IMMEDIATE_WORDS } from '../../../shared/order/immediate-effect.ts';
import { useMay, useSession } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { ACTION_NAMES } from '../words/orders.ts';
import { approvalState, type Eligibility, eligibility, missingWords, type RevisionSummary } from './approval-state.ts';
import { BasisFacts } from './basis-facts.tsx';
import { DifferenceList } from './difference-list.tsx';
import { PendingActions } from './pending-actions.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';

const HINTS: Readonly<Record<Eligibility, string | null>> = {
  may: null,
  complete: null,
  approved: 'You approved this revision.',
  own: 'You proposed this revision, so other approvers must approve it.',
  no_approver: 'You are not in the approver set. You can read the revision and ask an approver to approve it.',
};

export function PendingPanel({
  order,
  revision,
  approverSet,
  texts,
  nameOf,
  approve,
}: {
  readonly order: OrderView;
  /** Pending revision, or an adopted short pause that a second approval would make permanent. */
  readonly revision: RevisionSummary;
  readonly approverSet: Approvers;
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
  readonly approve: () => void;
}) {
  const may = useMay();
  const { person } = useSession().account;
  const basis = texts.documents.get(revision.revision)?.basis;
  const state = approvalState(order, revision, approverSet, basis);
  const who = eligibility(state, revision, approverSet, person);
  const changes = texts.changes(revision.revision);
  const adopted = revision.state === 'adopted';
  const requested = revision.state === 'requested';
  const title = adopted
    ? 'Pause with time limit'
    : requested
      ? 'Replacement of the pending proposal, not confirmed yet'
      : 'Pending approval';
  const approvable = !requested || state.brief;
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          <Text size="sm" c="dimmed">
            {ACTION_NAMES[revision.action]} (revision {revision.revision}), proposed{' '}
            {revision.proposer !== null && (
              <>
                by <UserText>{nameOf(revision.proposer)}</UserText>{' '}
              </>
            )}
            <Moment at={revision.proposedAt} />
            {state.approved.length > 0 && (
              <>
                , approved by <UserText>{state.approved.map(nameOf).join(', ')}</UserText>
              </>
            )}
          </Text>
        </div>
        {basis && <BasisFacts basis={basis} documentsOf={may('order-documents.read') ? order.number : undefined} />}
        {!adopted && changes && <DifferenceList differences={changes} />}
        <Text>
          {approvable
            ? missingWords(state, revision, nameOf)
            : 'A second person must confirm that this proposal replaces the pending one. Until then, the pending proposal keeps its approvals.'}
        </Text>
        {revision.passed !== null && (
          <Text c="red">
            The revision {IMMEDIATE_WORDS[revision.passed]}. An approver must confirm this immediate{' '}
            {revision.passed === 'until' ? 'end' : 'start'}. Otherwise, propose the revision again with a later time.
          </Text>
        )}
        {revision.expiresAt !== null && (
          <Text size="sm" c="dimmed">
            The proposal expires {dateTime(revision.expiresAt)}.
          </Text>
        )}
        <Group gap="sm">
          {may('orders.approve') && approvable && (who === 'may' || who === 'no_approver') && (
            <Button variant={who === 'may' ? 'filled' : 'default'} onClick={approve}>
              {who === 'may' ? 'Review and approve' : 'Review content'}
            </Button>
          )}
          {!adopted && (
            <PendingActions
              number={order.number}
              revision={revision}
              approver={approverSet.approvers.some((each) => each.person === person)}
            />
          )}
          {approvable && HINTS[who] !== null && (
            <Text size="sm" c="dimmed">
              {HINTS[who]}
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
