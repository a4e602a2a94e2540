import { Alert, Badge, Group, List, Paper, Stack, Text } from '@mantine/core';
import { IconBan, IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DeviceView, verdictView } from '../../../../shared/api/devices.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { SERVICES, type Service } from '../../../../shared/verdict/terms.ts';
import { REASON_SENTENCES } from '../../../../shared/verdict/words.ts';
import { ordersQuery } from '../../client/queries.ts';
import { useMay } from '../../client/session.tsx';
import { deviceComplianceQuery } from '../../compliance/queries.ts';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { SERVICE_MEANING, SERVICE_NAMES } from '../../words/orders.ts';
import { verdictQuery } from '../queries.ts';
import { WorkspaceBadge } from '../workspace-badge.tsx';
import { NEEDS_WORKSPACE, SERVICES_UNAVAILABLE } from '../workspace-words.ts';
import classes from './device.module.css';

type Verdict = z.output<typeof verdictView>;

export function ServicesSection({ device }: { readonly device: DeviceView }) {
  const query = useQuery(verdictQuery(device.id));
  return (
    <Section title="Services">
      <Restriction id={device.id} />
      {device.status === 'active' ? (
        <QueryResult query={query}>
          {({ services, nextChange }) => (
            <Services services={services} nextChange={nextChange} workspace={device.workspace.state} />
          )}
        </QueryResult>
      ) : (
        <Text>The device is {device.status}. It therefore has no services, with or without an order.</Text>
      )}
    </Section>
  );
}

/** Restriction of messaging and mail by a policy. The cards below show only the effect of orders. */
function Restriction({ id }: { readonly id: string }) {
  const may = useMay();
  const { data } = useQuery({ ...deviceComplianceQuery(id), enabled: may('compliance.show') });
  const restriction = data?.taken.find(({ action }) => action === 'restrict-services');
  if (!restriction) return null;
  return (
    <Alert color="red" icon={<IconBan aria-hidden />} title="A policy restricts messaging and mail" mb="xs">
      The device has not complied in time. Messages and mail have waited since <Moment at={restriction.at} />. The
      restriction ends when the device complies. It is independent of orders.
    </Alert>
  );
}

export function Services({
  services,
  nextChange,
  then,
  workspace = 'open',
}: Pick<Verdict, 'services' | 'nextChange'> & {
  readonly then?: number;
  readonly workspace?: DeviceView['workspace']['state'];
}) {
  return (
    <Stack gap="xs">
      <ul className={classes.services}>
        {SERVICES.map((service) => (
          <li key={service}>
            <ServiceCard service={service} verdict={services[service]} workspace={workspace} />
          </li>
        ))}
      </ul>
      <Text size="sm" c="dimmed">
        {nextChange === null ? (
          'No automatic change of the services is expected.'
        ) : (
          <>
            The next automatic change {then === undefined ? 'is possible' : 'was possible'}{' '}
            {then === undefined ? <Moment at={nextChange} /> : dateTime(nextChange)}, when an order starts or ends, or
            when location evidence expires.
          </>
        )}
      </Text>
    </Stack>
  );
}

function ServiceCard({
  service,
  verdict: { allowed, denials, reasons },
  workspace,
}: {
  readonly service: Service;
  readonly verdict: Verdict['services'][Service];
  readonly workspace: DeviceView['workspace']['state'];
}) {
  const closed = workspace !== 'open' && allowed && NEEDS_WORKSPACE.includes(service) ? workspace : null;
  return (
    <Paper withBorder p="sm" h="100%">
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text fw={600}>{SERVICE_NAMES[service]}</Text>
        {closed ? (
          <WorkspaceBadge state={closed} />
        ) : allowed ? (
          <Badge color="green" leftSection={<IconCheck size={14} aria-hidden />}>
            Allowed
          </Badge>
        ) : (
          <Badge color="red" leftSection={<IconBan size={14} aria-hidden />}>
            Suspended
          </Badge>
        )}
      </Group>
      {allowed ? (
        <Text size="sm" c="dimmed">
          {closed
            ? SERVICES_UNAVAILABLE[closed]
            : reasons.length > 0
              ? reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')
              : SERVICE_MEANING[service]}
        </Text>
      ) : (
        <List listStyleType="none" size="sm" spacing={4}>
          {denials.map((denial) => (
            <List.Item key={denial.order}>
              <OrderLink number={denial.order} />
              <br />
              {denial.reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')}
            </List.Item>
          ))}
        </List>
      )}
    </Paper>
  );
}

export function OrderLink({ number }: { readonly number: string }) {
  const may = useMay();
  const orders = useQuery({ ...ordersQuery, enabled: may('orders.list') }).data?.orders;
  const title = orders?.find((order) => order.number === number)?.title;
  return (
    <>
      <PageLink to="/orders/$number" params={{ number }} underline="always">
        Order {number}
      </PageLink>
      {title !== undefined && (
        <>
          {' '}
          <UserText>{title}</UserText>
        </>
      )}
    </>
  );
}
