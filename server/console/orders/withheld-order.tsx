/** Page of a withheld order for readers who may not read its legal basis. */
import { Alert, List, Text } from '@mantine/core';
import { WITHHELD_NOTICE } from '../../../shared/api/order-readings.ts';
import type { HiddenOrder } from '../../../shared/api/orders.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { Facts } from '../parts/facts.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { orderStateAt } from '../words/order-state.ts';
import { ACTION_NAMES, SERVICE_NAMES } from '../words/orders.ts';
import { AccessLog } from './access-log.tsx';
import { pendingRevision } from './approval-state.ts';
import { OrderExit } from './order-exit.tsx';
import { OrderHead } from './order-head.tsx';
import { OrderImpact } from './order-impact.tsx';
import { OrderProgress } from './order-progress.tsx';
import { OrderStatements } from './order-statements.tsx';
import { Areas } from './order-terms.tsx';
import { TwoZones } from './two-zones.tsx';

export function WithheldNotice() {
  return (
    <Alert color="yellow" title="Legal basis withheld" variant="light">
      <Text size="sm">{WITHHELD_NOTICE}</Text>
    </Alert>
  );
}

export function WithheldOrder({ order }: { readonly order: HiddenOrder }) {
  const may = useMay();
  const now = useServerNow(1_000);
  const { number, terms, revisions, people } = order;
  const { phase } = orderStateAt(order, now);
  const over = phase === 'paused' || phase === 'ended' || phase === 'withdrawn';
  const adopted = may('orders.rollout') && order.adoptedRevision !== null && pendingRevision(order) === null;
  return (
    <Page title={order.title} lead={<OrderHead order={order} now={now} />}>
      <WithheldNotice />
      <Section title="Scope">
        <Facts
          facts={[
            { label: 'Areas', value: <Areas codes={terms.areas} /> },
            { label: 'Services', value: terms.services.map((service) => SERVICE_NAMES[service]).join(', ') },
            { label: 'Takes effect', value: <TwoZones at={Date.parse(terms.effective)} zone={terms.zone} /> },
            {
              label: 'Ends',
              value:
                terms.until === null ? 'On withdrawal' : <TwoZones at={Date.parse(terms.until)} zone={terms.zone} />,
            },
          ]}
        />
      </Section>
      {may('orders.rollout') && order.adoptedRevision !== null && (
        <Section title="Rollout">
          <OrderProgress number={number} />
        </Section>
      )}
      {may('orders.impact') && !over && (
        <Section title="Affected devices">
          <OrderImpact number={number} begun={Date.parse(terms.effective) <= now} adopted={adopted} />
        </Section>
      )}
      {may('orders.statements') && !over && order.adoptedRevision !== null && (
        <Section title="Location statements">
          <OrderStatements number={number} zone={terms.zone} />
        </Section>
      )}
      {may('orders.exit') && terms.mode === 'exit' && order.adoptedRevision !== null && (
        <Section title="Exit">
          <OrderExit number={number} />
        </Section>
      )}
      <Section title="Revisions">
        <List size="sm" spacing={4}>
          {revisions.map(({ revision, action, approvals, adoptedAt, proposedAt }) => (
            <List.Item key={revision}>
              Revision {revision}: {ACTION_NAMES[action]}, proposed <Moment at={proposedAt} />
              {approvals.map(({ keyid, person, approvedAt }) => (
                <Text key={keyid} size="sm" c="dimmed">
                  Approved by <UserText>{people[person] ?? person}</UserText> <Moment at={approvedAt} />
                </Text>
              ))}
              {adoptedAt !== null && (
                <Text size="sm" c="dimmed">
                  Adopted <Moment at={adoptedAt} />
                </Text>
              )}
            </List.Item>
          ))}
        </List>
      </Section>
      {may('orders.readings') && <AccessLog number={number} />}
    </Page>
  );
}
