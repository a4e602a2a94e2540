/** All that has happened to the device, newest first. */
import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { dateTime, duration } from '../../../../shared/look/time-words.ts';
import { useNow, useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { holdsOnQuestion } from '../../holds/queries.ts';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import {
  alarmsQuestion,
  certificatesQuestion,
  commandsQuestion,
  evidenceQuestion,
  receiptsQuestion,
} from '../queries.ts';
import classes from './device.module.css';
import { FewAtFirst } from './few-at-first.tsx';
import { clocksDiffer, type Happening, happenings } from './timeline.ts';

export function TimelineSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const { id } = device;
  const all = happenings({
    device,
    evidence: useQuery({ ...evidenceQuestion(id), enabled: may('devices.evidence') }).data,
    receipts: useQuery({ ...receiptsQuestion(id), enabled: may('devices.receipts') }).data,
    alarms: useQuery({ ...alarmsQuestion(id), enabled: may('alarms.list') }).data,
    commands: useQuery(commandsQuestion(id)).data,
    certificates: useQuery({ ...certificatesQuestion(id), enabled: may('devices.certificates') }).data,
    holds: useQuery({ ...holdsOnQuestion(id), enabled: may('legal-holds.list') }).data?.holds,
  });
  const serverNow = useServerNow(60_000);
  const realNow = useNow(60_000);
  return (
    <Section title="Timeline">
      {clocksDiffer(serverNow, realNow) ? (
        <Stack>
          <Text size="sm">
            The server's clock is {duration(Math.abs(serverNow - realNow))}{' '}
            {serverNow > realNow ? 'ahead of' : 'behind'} real time. Commands and certificates run on real time, the
            rest on the server's clock: what came first of the one and the other cannot be told.
          </Text>
          <Part title="By the server's clock" events={all.filter(({ clock }) => clock === 'server')} />
          <Part title="In real time" events={all.filter(({ clock }) => clock === 'real')} />
        </Stack>
      ) : (
        <Happenings events={all} />
      )}
    </Section>
  );
}

function Part({ title, events }: { readonly title: string; readonly events: readonly Happening[] }) {
  return (
    <div>
      <Title order={3} size="h6" mb="xs">
        {title}
      </Title>
      {events.length === 0 ? <Text c="dimmed">Nothing.</Text> : <Happenings events={events} />}
    </div>
  );
}

function Happenings({ events }: { readonly events: readonly Happening[] }) {
  return (
    <FewAtFirst items={events} few={12} noun="entries">
      {(shown) => (
        <ol className={classes.timeline}>
          {shown.map(({ at, what, given, order }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two things of one instant and one kind can be told apart by nothing else
            <li key={`${at} ${what} ${index}`}>
              <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
              <div>
                {what}
                {order !== null && (
                  <>
                    {' '}
                    <PageLink to="/orders/$number" params={{ number: order }} underline="always">
                      Order {order}
                    </PageLink>
                  </>
                )}
                {given !== null && (
                  <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: 'anywhere' }}>
                    <Given>{given}</Given>
                  </Text>
                )}
              </div>
            </li>
          ))}
        </ol>
      )}
    </FewAtFirst>
  );
}
