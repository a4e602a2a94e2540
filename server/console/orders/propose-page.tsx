/** Proposing an order, and proposing to change one. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { type OrderView, revisionView } from '../../../shared/api/orders.ts';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { readerZone } from '../../../shared/look/time-words.ts';
import { call } from '../client/call.ts';
import { installationQuery, ordersQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { notify } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { emptyForm, formOf, type Submission, submission } from './form/order-form.ts';
import { OrderFormView } from './form/order-form-view.tsx';
import { useOrderForm } from './form/use-order-form.ts';
import { exemptionsQuery, orderQuery } from './queries.ts';

export function ProposePage() {
  const may = useMay();
  const installation = useQuery(installationQuery);
  return (
    <Page
      title="Propose an order"
      lead="What a country demands, as its instrument says it. Nothing comes of it before two other people have approved it."
    >
      {may('orders.propose') ? (
        <Answer query={installation} lines={8}>
          {({ appeal }) => <Propose appeal={appeal} />}
        </Answer>
      ) : (
        <NotYours />
      )}
    </Page>
  );
}

function NotYours() {
  return (
    <Empty title="Orders are proposed by others" action={<ButtonLink to="/orders">To the orders</ButtonLink>}>
      It takes the role of legal or owner, for the areas that the order is about.
    </Empty>
  );
}

function Propose({ appeal }: { readonly appeal: string }) {
  const [initial] = useState(() => emptyForm({ zone: readerZone(), appeal }));
  const api = useOrderForm('order-draft new', initial, null);
  const sending = useSend('/orders', api.sent);
  return (
    <OrderFormView
      api={api}
      verb="Propose the order"
      revises={null}
      busy={sending.isPending}
      failed={sending.error}
      send={() => sending.mutate(submission(api.form, null))}
    />
  );
}

export function RevisePage() {
  const { number } = useParams({ from: '/orders/$number/revise' });
  const may = useMay();
  const query = useQuery(orderQuery(number));
  return (
    <Page
      title={`Change order ${number}`}
      lead="It starts from the order as it stands. The change is a revision of its own, which two other people have to approve."
    >
      {may('orders.act') ? <Answer query={query}>{(order) => <Revise order={order} />}</Answer> : <NotYours />}
    </Page>
  );
}

/** The form starts from the terms that are here first, and does not start again when they change behind it: the server checks against the newest. */
function Revise({ order }: { readonly order: OrderView }) {
  const { number, terms } = order;
  const [base] = useState(order.adoptedRevision ?? order.latestRevision);
  const [initial] = useState(() => formOf(terms));
  const api = useOrderForm(`order-draft ${number} ${base}`, initial, number);
  const may = useMay();
  const exempt = useQuery({ ...exemptionsQuery(number, base), enabled: may('orders.exemptions') }).data?.exemptions;
  const sending = useSend(`/orders/${encodeURIComponent(number)}/revisions`, api.sent);
  return (
    <OrderFormView
      api={api}
      verb="Propose the change"
      revises={{ exempt: exempt ?? null }}
      busy={sending.isPending}
      failed={sending.error}
      send={() => sending.mutate(submission(api.form, number))}
    />
  );
}

/** Sends it, and goes on to the order's page, which says who must approve now. */
function useSend(path: string, sent: () => void) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: Submission) => call('POST', path, revisionView, body),
    onSuccess: async ({ order, revision }) => {
      sent();
      await Promise.all([
        client.invalidateQueries({ queryKey: ordersQuery.queryKey }),
        client.invalidateQueries({ queryKey: orderQuery(order).queryKey }),
      ]);
      void notify({
        title: `Proposed: order ${order}, revision ${revision}`,
        message: 'Nothing has changed yet. It waits for approvers now.',
      });
      await navigate({ to: '/orders/$number', params: { number: order } });
    },
  });
}
