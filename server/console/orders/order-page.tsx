/** One order: where it stands, what it says, whom it touches, how far it has come, what happened to it, and what can be done about it. */
import { Grid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Answer } from '../../../shared/look/states.tsx';
import { rootsOf } from '../approver-key/root-of-approvers.ts';
import { approversQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay, useSession } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { notify } from '../parts/notices.tsx';
import { Page, Section } from '../parts/page.tsx';
import { standingAt } from '../words/order-standing.ts';
import { ActDialog, type PlainAct } from './act-dialog.tsx';
import { approvalState, eligibility, missingWords, waitingRevision } from './approval-state.ts';
import { ApproveDialog } from './approve-dialog.tsx';
import { DecisionRecord } from './decision-record.tsx';
import { OrderActs } from './order-acts.tsx';
import { OrderEvidence } from './order-evidence.tsx';
import { OrderExemptions } from './order-exemptions.tsx';
import { OrderExit } from './order-exit.tsx';
import { OrderHead } from './order-head.tsx';
import { OrderImpact } from './order-impact.tsx';
import { OrderProgress } from './order-progress.tsx';
import { OrderTimeline } from './order-timeline.tsx';
import { OrderRules, OrderSource } from './order-words.tsx';
import { orderQuery, warningsQuery } from './queries.ts';
import { useRevisionTexts } from './use-revision-texts.ts';
import { WaitingPanel } from './waiting-panel.tsx';
import { Warnings } from './warnings.tsx';

/** With the date picker, which nothing else of the page needs. */
const ExtendDialog = lazy(() => import('./extend-dialog.tsx').then((module) => ({ default: module.ExtendDialog })));

export function OrderPage() {
  const { number } = useParams({ from: '/orders/$number' });
  const query = useQuery(orderQuery(number));
  if (query.data !== undefined) return <Loaded key={number} order={query.data} />;
  return (
    <Page title={`Order ${number}`}>
      <Answer query={query} lines={8}>
        {() => null}
      </Answer>
    </Page>
  );
}

/** What stands open over the page. */
type Open = { readonly kind: 'approve'; readonly revision: number } | { readonly kind: PlainAct | 'extend' };

/** Whatever opened a dialog has the focus again when it closes; if that is gone (one has approved), the page has it. */
function useFocusBack(opened: boolean): void {
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    if (!opened) return;
    opener.current = document.activeElement;
    return () => {
      const back = opener.current;
      const there = back instanceof HTMLElement && back.isConnected && back !== document.body;
      requestAnimationFrame(() => (there && back.isConnected ? back : document.getElementById('main'))?.focus());
    };
  }, [opened]);
}

function Loaded({ order }: { readonly order: OrderView }) {
  const may = useMay();
  const { person } = useSession().account;
  const now = useServerNow(1_000);
  const [open, setOpen] = useState<Open | null>(null);
  useFocusBack(open !== null);
  const texts = useRevisionTexts(order);
  const approvers = useQuery({ ...approversQuery, enabled: may('approvers.show') }).data;
  const root = approvers ? rootsOf(approvers).current : null;
  const nameOf = (id: string) => order.people[id] ?? id;

  const { phase } = standingAt(order, now);
  const over = phase === 'held' || phase === 'ended' || phase === 'withdrawn';
  const brief = phase === 'held' && order.heldUntil !== null ? order.adoptedRevision : null;
  const asked = waitingRevision(order) ?? order.revisions.find(({ revision }) => revision === brief);
  const considered = waitingRevision(order)?.revision ?? order.adoptedRevision ?? order.latestRevision;
  // What has happened already is nothing to be warned of.
  const ahead = asked !== undefined || phase === 'coming';
  const warnings = useQuery({
    ...warningsQuery(order.number, considered),
    enabled: may('orders.warnings') && ahead,
  }).data?.warnings;
  const exempt = texts.documents.get(considered)?.exempt;

  const [proposed, setProposed] = useState<number | null>(null);
  // Its proposer learns what is missing now, and goes on at once where their own approval counts.
  useEffect(() => {
    const revision = order.revisions.find((each) => each.revision === proposed);
    if (!revision || !root) return;
    setProposed(null);
    const state = approvalState(order, revision, root);
    const approves = eligibility(state, revision, root, person) === 'may' && may('orders.approve');
    setOpen(approves ? { kind: 'approve', revision: revision.revision } : null);
    void notify({
      title: `Proposed as revision ${revision.revision}. Nothing has changed yet.`,
      message: missingWords(state, revision, (id) => order.people[id] ?? id),
    });
  }, [order, proposed, root, person, may]);

  const close = () => setOpen(null);
  const opened = open?.kind === 'approve' ? order.revisions.find(({ revision }) => revision === open.revision) : null;
  return (
    <Page
      title={order.title}
      lead={<OrderHead order={order} now={now} />}
      actions={<OrderActs order={order} now={now} choose={(kind) => setOpen({ kind })} />}
    >
      {asked && root && (
        <WaitingPanel
          order={order}
          revision={asked}
          root={root}
          texts={texts}
          nameOf={nameOf}
          approve={() => setOpen({ kind: 'approve', revision: asked.revision })}
        />
      )}
      <Warnings warnings={(ahead && warnings) || []} />
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Section title="What it says">
            <OrderRules terms={order.terms} {...(exempt !== undefined && { exempt })} />
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Stack gap="xl">
            {may('orders.progress') && order.adoptedRevision !== null && (
              <Section title="How far it has come">
                <OrderProgress number={order.number} over={over} />
              </Section>
            )}
            <Section title="By whose word">
              <OrderSource terms={order.terms} kept={may('order-documents.read') ? order.number : undefined} />
            </Section>
            {may('orders.decision') && order.terms.internal !== undefined && (
              <Section title="Why, for us alone">
                <DecisionRecord number={order.number} revision={order.adoptedRevision ?? order.latestRevision} />
              </Section>
            )}
          </Stack>
        </Grid.Col>
      </Grid>
      {may('orders.impact') && !over && (
        <Section
          title="Whom it touches"
          actions={
            <ButtonLink to="/orders/$number/rehearsal" params={{ number: order.number }} variant="default" size="xs">
              Rehearse
            </ButtonLink>
          }
        >
          <OrderImpact number={order.number} begun={Date.parse(order.terms.effective) <= now} />
        </Section>
      )}
      {may('orders.exemptions') && exempt !== undefined && exempt.length > 0 && (
        <Section title="Whom it spares">
          <OrderExemptions number={order.number} revision={considered} zone={order.terms.zone} now={now} />
        </Section>
      )}
      {may('orders.exit') && order.terms.mode === 'exit' && order.adoptedRevision !== null && (
        <Section title="Exit">
          <OrderExit number={order.number} />
        </Section>
      )}
      <Section title="History">
        <OrderTimeline order={order} texts={texts} nameOf={nameOf} />
      </Section>
      {may('orders.pack') && (
        <Section title="What can be shown of it">
          <OrderEvidence number={order.number} />
        </Section>
      )}
      {opened && root && (
        <ApproveDialog opened close={close} order={order} revision={opened} root={root} texts={texts} nameOf={nameOf} />
      )}
      {open?.kind === 'extend' && (
        <Suspense>
          <ExtendDialog order={order} close={close} proposed={setProposed} />
        </Suspense>
      )}
      <ActDialog
        act={open !== null && open.kind !== 'approve' && open.kind !== 'extend' ? open.kind : null}
        order={order}
        close={close}
        proposed={setProposed}
      />
    </Page>
  );
}
