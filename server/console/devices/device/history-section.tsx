import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { dateTime, duration } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { useNow, useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { deviceHoldsQuery } from '../../holds/queries.ts';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { alertsQuery, certificatesQuery, commandsQuery, evidenceQuery, receiptsQuery } from '../queries.ts';
import classes from './device.module.css';
import { clocksDiffer, type HistoryEvent, historyOf } from './history.ts';
import { ShortList } from './short-list.tsx';

export function HistorySection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const { id } = device;
  const all = historyOf({
    device,
    evidence: useQuery({ ...evidenceQuery(id), enabled: may('devices.evidence') }).data,
    receipts: useQuery({ ...receiptsQuery(id), enabled: may('devices.receipts') }).data,
    alerts: useQuery({ ...alertsQuery(id), enabled: may('alerts.list') }).data,
    commands: useQuery(commandsQuery(id)).data,
    certificates: useQuery({ ...certificatesQuery(id), enabled: may('devices.certificates') }).data,
    holds: useQuery({ ...deviceHoldsQuery(id), enabled: may('legal-holds.list') }).data?.holds,
  });
  const serverNow = useServerNow(60_000);
  const realNow = useNow(60_000);
  return (
    <Section title="History">
      {clocksDiffer(serverNow, realNow) ? (
        <Stack>
          <Text size="sm">
            The server clock is {duration(Math.abs(serverNow - realNow))} {serverNow > realNow ? 'ahead of' : 'behind'}{' '}
            real time. Commands and certificates have real times. All other events have times from the server clock.
            Each list below follows one clock. It is unknown whether an event in one list happened before an event in
            the other list.
          </Text>
          <Part title="By the server clock" events={all.filter(({ clock }) => clock === 'server')} />
          <Part title="In real time" events={all.filter(({ clock }) => clock === 'real')} />
        </Stack>
      ) : (
        <Happenings events={all} />
      )}
    </Section>
  );
}

function Part({ title, events }: { readonly title: string; readonly events: readonly HistoryEvent[] }) {
  return (
    <div>
      <Title order={3} size="h6" mb="xs">
        {title}
      </Title>
      {events.length === 0 ? <Text c="dimmed">No events.</Text> : <Happenings events={events} />}
    </div>
  );
}

function Happenings({ events }: { readonly events: readonly HistoryEvent[] }) {
  return (
    <ShortList items={events} few={12} noun="entries">
      {(shown) => (
        <ol className={classes.timeline}>
          {shown.map(({ at, text, note, order }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two things of one instant and one kind can be told apart by nothing else
            <li key={`${at} ${text} ${index}`}>
              <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
              <div>
                {text}
                {order !== null && (
                  <>
                    {' '}
                    <PageLink to="/orders/$number" params={{ number: order }} underline="always">
                      Order {order}
                    </PageLink>
                  </>
                )}
                {note !== null && (
                  <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: 'anywhere' }}>
                    <UserText>{note}</UserText>
                  </Text>
                )}
              </div>
            </li>
          ))}
        </ol>
      )}
    </ShortList>
  );
}
