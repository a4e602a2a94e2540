import { Grid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import type { Approvers, Revision } from '../../../shared/order/documents.ts';
import { approverSetsOf } from '../approver-key/approver-set.ts';
import { approversQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { notify } from '../parts/toasts.tsx';
import { orderStateAt } from '../words/order-state.ts';
import { AccessLog } from './access-log.tsx';
import { ActionDialog, type PlainAction } from './action-dialog.tsx';
import { approvalState, eligibility, missingWords, pendingRevision, requestedRevisions } from './approval-state.ts';
import { ApproveDialog } from './approve-dialog.tsx';
import { DecisionRecord } from './decision-record.tsx';
import { OrderActions } from './order-actions.tsx';
import { OrderEvidence } from './order-evidence.tsx';
import { OrderExemptions } from './order-exemptions.tsx';
import { OrderExit } from './order-exit.tsx';
import { OrderHead } from './order-head.tsx';
import { OrderImpact } from './order-impact.tsx';
import { hasProceedings, OrderProceedings } from './order-proceedings.tsx';
import { OrderProgress } from './order-progress.tsx';
import { OrderStatements } from './order-statements.tsx';
import { LegalBasisFacts, TermsFacts } from './order-terms.tsx';
import { OrderTimeline } from './order-timeline.tsx';
import { PendingPanel } from './pending-panel.tsx';
import { orderQuery, warningsQuery } from './queries.ts';
import { type RevisionTexts, useRevisionTexts } from './use-revision-texts.ts';
import { Warnings } from './warnings.tsx';
import { WithheldOrder } from './withheld-order.tsx';

/**
 * Dialog that extends an order. The browser loads the code of this dialog separately, because no other part of the order page needs the
 * date picker.
 */
const ExtendDialog = lazy(() => import('./extend-dialog.tsx').then((module) => ({ default: module.ExtendDialog })));

export function OrderPage() {
  const { number } = useParams({ from: '/orders/$number' });
  const query = useQuery(orderQuery(number));
  if (query.data?.visibility === 'hidden') return <WithheldOrder key={number} order={query.data} />;
  if (query.data !== undefined) return <Loaded key={number} order={query.data} />;
  return (
    <Page title={`Order ${number}`}>
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

type Open = { readonly kind: 'approve'; readonly revision: number } | { readonly kind: PlainAction | 'extend' };

/**
 * After a dialog has closed, moves the keyboard focus to the element that opened the dialog. If the element no longer exists, the main
 * content receives the focus.
 */
function useFocusBack(opened: boolean): void {
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    if (!opened) return;
    opener.current = document.activeElement;
    return () => {
      const target = opener.current;
      const there = target instanceof HTMLElement && target.isConnected && target !== document.body;
      requestAnimationFrame(() => (there && target.isConnected ? target : document.getElementById('main'))?.focus());
    };
  }, [opened]);
}

/**
 * Returns a callback for the number of a newly proposed revision. If the proposer may also approve the revision, the approval dialog opens.
 */
function useProposalOutcome(
  order: OrderView,
  approverSet: Approvers | null,
  texts: RevisionTexts,
  setOpen: (open: Open | null) => void,
): (revision: number) => void {
  const may = useMay();
  const { person } = useSession().account;
  const [proposed, setProposed] = useState<number | null>(null);
  useEffect(() => {
    const revision = order.revisions.find((each) => each.revision === proposed);
    // Wait for the signed text, because the number of required approvals depends on it.
    if (!revision || !approverSet || !texts.documents.has(revision.revision)) return;
    setProposed(null);
    const state = approvalState(order, revision, approverSet, texts.documents.get(revision.revision)?.basis);
    const requested = revision.state === 'requested';
    const approvable = !requested || state.brief;
    const approves = approvable && eligibility(state, revision, approverSet, person) === 'may' && may('orders.approve');
    setOpen(approves ? { kind: 'approve', revision: revision.revision } : null);
    void notify({
      title: `Revision ${revision.revision} proposed. The revision changes nothing before its approval.`,
      message: approvable
        ? missingWords(state, revision, (id) => order.people[id] ?? id)
        : 'A second person must confirm that the new proposal replaces the pending one.',
    });
  }, [order, proposed, approverSet, person, may, texts, setOpen]);
  return setProposed;
}

function OrderFacts({
  order,
  now,
  exempt,
}: {
  readonly order: OrderView;
  readonly now: number;
  readonly exempt: Revision['exempt'] | undefined;
}) {
  const may = useMay();
  return (
    <Grid gap="xl">
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Section title="Terms">
          <TermsFacts terms={order.terms} {...(exempt !== undefined && { exempt })} />
        </Section>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack gap="xl">
          {may('orders.rollout') && order.adoptedRevision !== null && (
            <Section title="Rollout">
              <OrderProgress number={order.number} />
            </Section>
          )}
          <Section title="Legal basis">
            <LegalBasisFacts terms={order.terms} documentsOf={may('order-documents.read') ? order.number : undefined} />
          </Section>
          {hasProceedings(order, may('orders.record')) && (
            <Section title="Answer and appeals">
              <OrderProceedings order={order} now={now} />
            </Section>
          )}
          {may('orders.decision') && order.terms.internal !== undefined && (
            <Section title="Decision record">
              <DecisionRecord number={order.number} revision={order.adoptedRevision ?? order.latestRevision} />
            </Section>
          )}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

function EffectSections({
  order,
  now,
  over,
  considered,
  exempt,
}: Parameters<typeof OrderFacts>[0] & {
  readonly over: boolean;
  /** Number of the order's revision to show: the pending revision, or else the adopted revision. */
  readonly considered: number;
}) {
  const may = useMay();
  return (
    <>
      {may('orders.impact') && !over && (
        <Section
          title="Affected devices"
          actions={
            <ButtonLink to="/orders/$number/rehearsal" params={{ number: order.number }} variant="default" size="xs">
              Rehearse order
            </ButtonLink>
          }
        >
          <OrderImpact
            number={order.number}
            begun={Date.parse(order.terms.effective) <= now}
            adopted={may('orders.rollout') && considered === order.adoptedRevision}
          />
        </Section>
      )}
      {may('orders.exemptions') && exempt !== undefined && exempt.length > 0 && (
        <Section title="Exempt devices">
          <OrderExemptions number={order.number} revision={considered} zone={order.terms.zone} now={now} />
        </Section>
      )}
      {may('orders.statements') && !over && order.adoptedRevision !== null && (
        <Section title="Location statements">
          <OrderStatements number={order.number} zone={order.terms.zone} />
        </Section>
      )}
      {may('orders.exit') && order.terms.mode === 'exit' && order.adoptedRevision !== null && (
        <Section title="Exit">
          <OrderExit number={order.number} />
        </Section>
      )}
    </>
  );
}

function Loaded({ order }: { readonly order: OrderView }) {
  const may = useMay();
  const now = useServerNow(1_000);
  const [open, setOpen] = useState<Open | null>(null);
  useFocusBack(open !== null);
  const texts = useRevisionTexts(order);
  const approvers = useQuery({ ...approversQuery, enabled: may('approvers.show') }).data;
  const approverSet = approvers ? approverSetsOf(approvers).current : null;
  const nameOf = (id: string) => order.people[id] ?? id;

  const { phase } = orderStateAt(order, now);
  const over = phase === 'paused' || phase === 'ended' || phase === 'withdrawn';
  const brief = phase === 'paused' && order.pausedUntil !== null ? order.adoptedRevision : null;
  const linked = pendingRevision(order) ?? order.revisions.find(({ revision }) => revision === brief);
  const considered = pendingRevision(order)?.revision ?? order.adoptedRevision ?? order.latestRevision;
  // Load warnings only for a pending or announced revision, because warnings are about future effects.
  const ahead = linked !== undefined || phase === 'announced';
  const warnings = useQuery({
    ...warningsQuery(order.number, considered),
    enabled: may('orders.warnings') && ahead,
  }).data?.warnings;
  const exempt = texts.documents.get(considered)?.exempt;

  const setProposed = useProposalOutcome(order, approverSet, texts, setOpen);

  const close = () => setOpen(null);
  const opened = open?.kind === 'approve' ? order.revisions.find(({ revision }) => revision === open.revision) : null;
  return (
    <Page
      title={order.title}
      lead={<OrderHead order={order} now={now} />}
      actions={<OrderActions order={order} now={now} choose={(kind) => setOpen({ kind })} />}
    >
      {order.visibility === 'restricted' && (
        <Text size="sm" c="dimmed">
          The legal basis of this order is withheld from the public. The server records every access to it.
        </Text>
      )}
      {linked && approverSet && (
        <PendingPanel
          order={order}
          revision={linked}
          approverSet={approverSet}
          texts={texts}
          nameOf={nameOf}
          approve={() => setOpen({ kind: 'approve', revision: linked.revision })}
        />
      )}
      {approverSet &&
        requestedRevisions(order).map((revision) => (
          <PendingPanel
            key={revision.revision}
            order={order}
            revision={revision}
            approverSet={approverSet}
            texts={texts}
            nameOf={nameOf}
            approve={() => setOpen({ kind: 'approve', revision: revision.revision })}
          />
        ))}
      <Warnings warnings={(ahead && warnings) || []} />
      <OrderFacts order={order} now={now} exempt={exempt} />
      <EffectSections order={order} now={now} over={over} considered={considered} exempt={exempt} />
      <Section title="History">
        <OrderTimeline order={order} texts={texts} nameOf={nameOf} />
      </Section>
      {may('orders.pack') && (
        <Section title="Evidence">
          <OrderEvidence number={order.number} />
        </Section>
      )}
      {order.visibility === 'restricted' && may('orders.readings') && <AccessLog number={order.number} />}
      {opened && approverSet && (
        <ApproveDialog
          opened
          close={close}
          order={order}
          revision={opened}
          approverSet={approverSet}
          texts={texts}
          nameOf={nameOf}
        />
      )}
      {open?.kind === 'extend' && (
        <Suspense>
          <ExtendDialog order={order} close={close} proposed={setProposed} />
        </Suspense>
      )}
      <ActionDialog
        action={open !== null && open.kind !== 'approve' && open.kind !== 'extend' ? open.kind : null}
        order={order}
        close={close}
        proposed={setProposed}
      />
    </Page>
  );
}
