/** Which services the device has now, and which orders deny the others. */
import { Badge, Group, List, Paper, Stack, Text } from '@mantine/core';
import { IconBan, IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DeviceView, verdictView } from '../../../../shared/api/devices.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { SERVICES, type Service } from '../../../../shared/verdict/terms.ts';
import { REASON_SENTENCES } from '../../../../shared/verdict/words.ts';
import { ordersQuery } from '../../client/queries.ts';
import { useMay } from '../../client/session.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { SERVICE_MEANING, SERVICE_NAMES } from '../../words/orders.ts';
import { verdictQuestion } from '../queries.ts';
import classes from './device.module.css';

type Verdict = z.output<typeof verdictView>;

export function ServicesSection({ device }: { readonly device: DeviceView }) {
  const query = useQuery(verdictQuestion(device.id));
  return (
    <Section title="Services now">
      {device.status === 'active' ? (
        <Answer query={query}>
          {({ services, nextChange }) => <Services services={services} nextChange={nextChange} />}
        </Answer>
      ) : (
        <Text>The device is {device.status}: it has no service, whatever the orders say.</Text>
      )}
    </Section>
  );
}

export function Services({
  services,
  nextChange,
  then,
}: Pick<Verdict, 'services' | 'nextChange'> & {
  /** The past instant that it is about; left out: now. */
  readonly then?: number;
}) {
  return (
    <Stack gap="xs">
      <ul className={classes.services}>
        {SERVICES.map((service) => (
          <li key={service}>
            <ServiceCard service={service} verdict={services[service]} />
          </li>
        ))}
      </ul>
      <Text size="sm" c="dimmed">
        {nextChange === null ? (
          'Nothing of this changes by itself.'
        ) : (
          <>
            By itself this {then === undefined ? 'can' : 'could'} next change{' '}
            {then === undefined ? <Moment at={nextChange} /> : dateTime(nextChange)}, when an order's time comes or what
            is known of its place becomes too old.
          </>
        )}
      </Text>
    </Stack>
  );
}

function ServiceCard({
  service,
  verdict: { allowed, denials, reasons },
}: {
  readonly service: Service;
  readonly verdict: Verdict['services'][Service];
}) {
  return (
    <Paper withBorder p="sm" h="100%">
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text fw={600}>{SERVICE_NAMES[service]}</Text>
        {allowed ? (
          <Badge color="green" leftSection={<IconCheck size={14} aria-hidden />}>
            Allowed
          </Badge>
        ) : (
          <Badge color="red" leftSection={<IconBan size={14} aria-hidden />}>
            Denied
          </Badge>
        )}
      </Group>
      {allowed ? (
        <Text size="sm" c="dimmed">
          {reasons.length > 0 ? reasons.map((reason) => REASON_SENTENCES[reason]).join(' ') : SERVICE_MEANING[service]}
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

/** An order by its number, and its title where one may read it. */
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
          <Given>{title}</Given>
        </>
      )}
    </>
  );
}
