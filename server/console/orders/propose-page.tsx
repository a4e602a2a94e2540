import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { type OrderView, revisionView } from '../../../shared/api/orders.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { readerZone } from '../../../shared/look/time-words.ts';
import { call } from '../client/call.ts';
import { installationQuery, ordersQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { notify } from '../parts/toasts.tsx';
import type { Submission } from './form/draft.ts';
import { emptyForm, formOf, submission } from './form/order-form.ts';
import { OrderFormView } from './form/order-form-view.tsx';
import { useOrderForm } from './form/use-order-form.ts';
import { exemptionsQuery, orderQuery } from './queries.ts';
import { WithheldNotice } from './withheld-order.tsx';

export function ProposePage() {
  const may = useMay();
  const installation = useQuery(installationQuery);
  return (
    <Page
      title="Propose order"
      lead="Enter the order as the legal instrument (such as a court order or decree) states it. The order takes effect only after two other people approve it."
    >
      {may('orders.propose') ? (
        <QueryResult query={installation} lines={8}>
          {({ appeal }) => <Propose appeal={appeal} />}
        </QueryResult>
      ) : (
        <NotYours />
      )}
    </Page>
  );
}

function NotYours() {
  return (
    <Empty title="Role without permission" action={<ButtonLink to="/orders">Open orders</ButtonLink>}>
      You need the role legal or owner for the areas of the order. Ask an owner for the role.
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
      verb="Propose order"
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
      lead="The form starts with the current terms. Your change is a new revision, which two other people must approve."
    >
      {may('orders.revise') ? (
        <QueryResult query={query}>
          {(order) => (order.visibility === 'hidden' ? <WithheldNotice /> : <Revise order={order} />)}
        </QueryResult>
      ) : (
        <NotYours />
      )}
    </Page>
  );
}

/**
 * Form for a change of an existing order. The form keeps the terms with which the admin started, even if the order changes in the meantime.
 * The server compares the proposed change with the latest revision.
 */
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
      verb="Propose change"
      revises={{ exempt: exempt ?? null }}
      busy={sending.isPending}
      failed={sending.error}
      send={() => sending.mutate(submission(api.form, number))}
    />
  );
}

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
        title: `Order ${order}, revision ${revision} proposed`,
        message: 'The proposal changes nothing yet. Approvers must approve it first.',
      });
      await navigate({ to: '/orders/$number', params: { number: order } });
    },
  });
}
