import { Alert, Badge, Button, Group, List, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import type { Explanation } from '../../../../shared/api/explanation.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime, readerZone, relative } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { HOME_BY_WORDS, ORDER_STATE_WORDS, REASON_SENTENCES, SOURCE_NAMES } from '../../../../shared/verdict/words.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { AreaNames } from '../../parts/words.tsx';
import { receiptSentence } from '../../words/devices.ts';
import { servicesWords } from '../../words/orders.ts';
import { explanationQuery } from '../queries.ts';
import classes from './device.module.css';
import { localDateTime, parseLocalDateTime } from './local-date-time.ts';
import { LocatedBy, LocationEvidence } from './location-section.tsx';
import { OrderLink, Services } from './services-section.tsx';
import { ShortList } from './short-list.tsx';

const route = getRouteApi('/devices/$id');

export function PastStateSection({ device }: { readonly device: DeviceView }) {
  const { at } = route.useSearch();
  const may = useMay();
  if (!may('devices.explain')) return null;
  return (
    <Section title="Past state">
      <Text size="sm" c="dimmed">
        Show the location and the services of the device at a past time, with the reasons. To share the result, copy the
        web address of this page.
      </Text>
      <Picker key={at} at={at} />
      {at !== undefined && <Explained device={device} at={at} />}
    </Section>
  );
}

function Picker({ at }: { readonly at: number | undefined }) {
  const navigate = route.useNavigate();
  const now = useServerNow(60_000);
  const [written, setWritten] = useState(() => localDateTime(at ?? now));
  const [problem, setProblem] = useState<string | null>(null);
  const go = (instant: number | undefined) => navigate({ search: { at: instant }, replace: true, resetScroll: false });
  function submit(event: FormEvent) {
    event.preventDefault();
    const instant = parseLocalDateTime(written);
    if (instant === null) return setProblem('The date or the time is missing. Enter a date and a time.');
    if (instant > now) return setProblem('The time is in the future. Enter a time before the current server time.');
    setProblem(null);
    return go(instant);
  }
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-end" gap="xs">
        <TextInput
          type="datetime-local"
          step={1}
          label={`Date and time, in your time zone (${readerZone()})`}
          value={written}
          onChange={({ currentTarget }) => setWritten(currentTarget.value)}
          error={problem}
          required
        />
        <Button type="submit" variant="default">
          Show state
        </Button>
        {at !== undefined && (
          <Button variant="subtle" onClick={() => go(undefined)}>
            Close
          </Button>
        )}
      </Group>
    </form>
  );
}

function Explained({ device, at }: { readonly device: DeviceView; readonly at: number }) {
  const query = useQuery(explanationQuery(device.id, at));
  return (
    <QueryResult query={query} lines={6}>
      {(explanation) => <PastState explanation={explanation} />}
    </QueryResult>
  );
}

function PastState({ explanation }: { readonly explanation: Explanation }) {
  const { at, status, group, home, homeBy, seat, evidenceFrom } = explanation;
  const here = useRef<HTMLElement>(null);
  // If the page address contains a past time, scroll to this section, which is far down the page.
  useEffect(() => void here.current?.scrollIntoView({ block: 'start' }), []);
  return (
    <Paper
      ref={here}
      style={{ scrollMarginTop: '5rem' }}
      withBorder
      p="md"
      aria-label={`Device at ${dateTime(at)}`}
      component="article"
    >
      <Stack gap="md">
        <div>
          <Title order={3} size="h5">
            {dateTime(at)}
          </Title>
          <Text size="sm" c="dimmed">
            {dateTime(at, 'UTC')} UTC. Group: <UserText>{group.name}</UserText>. Home area:{' '}
            {home === null ? 'not set' : <AreaNames areas={[home]} />}{' '}
            {homeBy !== null && ` (${HOME_BY_WORDS[homeBy]})`}. Legal seat:{' '}
            {seat === null ? 'not set' : <AreaNames areas={[seat]} />}.
          </Text>
        </div>
        {status !== 'active' && (
          <Alert color="gray">The device was {status}. It therefore had no services, with or without an order.</Alert>
        )}
        <Part title="Location">
          <LocationEvidence location={explanation.location} sources={explanation.sources} then={at} />
          {evidenceFrom !== null && (
            <Text size="sm" c="dimmed">
              The server has evidence from {dateTime(evidenceFrom)} on. The device may have arrived at this location
              earlier.
            </Text>
          )}
        </Part>
        <Part title="Services">
          <Services services={explanation.services} nextChange={explanation.nextChange} then={at} />
        </Part>
        <Part title="Related orders">
          {explanation.orders.length === 0 ? (
            <Text size="sm">No order concerned the device at that time.</Text>
          ) : (
            <Orders explanation={explanation} />
          )}
        </Part>
        <Part title="Evidence">
          <Observations explanation={explanation} />
        </Part>
      </Stack>
    </Paper>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Stack gap="xs">
      <Title order={4} size="h6">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function Orders({ explanation: { orders, at } }: { readonly explanation: Explanation }) {
  return (
    <ul className={classes.list}>
      {orders.map((one) => (
        <li key={one.order}>
          <Group justify="space-between" align="flex-start" gap="xs" wrap="nowrap">
            <div>
              <Text size="sm">
                <OrderLink number={one.order} />
              </Text>
              <Text size="sm">
                Revision {one.revision}, adopted {dateTime(one.adoptedAt)}: {ORDER_STATE_WORDS[one.state]}. Services:{' '}
                {servicesWords(one.services)}. Start: {dateTime(one.effective)}
                {one.until !== null && `, end: ${dateTime(one.until)}`}.
              </Text>
              <Text size="sm">
                {one.reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')}
                {one.arrival !== null &&
                  ` Located there since ${dateTime(one.arrival)} (${relative(one.arrival, at)}).`}
                {one.exemptUntil !== null &&
                  ` The exemption ${one.exemptUntil <= at ? 'ended' : 'ends'} ${dateTime(one.exemptUntil)}.`}
              </Text>
              {one.receipts.length > 0 && (
                <>
                  <Text size="xs" c="dimmed">
                    Receipts that the device signed. The times are from the clock of the device.
                  </Text>
                  <List size="xs" c="dimmed">
                    {one.receipts.map((receipt) => (
                      <List.Item key={JSON.stringify(receipt)}>
                        {dateTime(Date.parse(receipt.at))}: {receiptSentence(receipt)}
                      </List.Item>
                    ))}
                  </List>
                </>
              )}
            </div>
            <Badge color={one.denies ? 'red' : 'gray'} style={{ flex: 'none' }}>
              {one.denies ? 'Suspended' : one.state === 'active' ? 'Allowed' : 'Not active'}
            </Badge>
          </Group>
        </li>
      ))}
    </ul>
  );
}

function Observations({ explanation: { observations } }: { readonly explanation: Explanation }) {
  if (observations.length === 0) return <Text size="sm">No evidence at that time.</Text>;
  return (
    <>
      <ShortList items={observations} few={6} noun="observations">
        {(shown) => (
          <ol className={classes.timeline}>
            {shown.map(({ source, areas, at, detail, database, receivedAt }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two observations of one instant and one source can be told apart by nothing else
              <li key={`${at} ${source} ${index}`}>
                <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
                <div>
                  {SOURCE_NAMES[source]}: <AreaNames areas={areas} />
                  {detail !== '' && (
                    <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: 'anywhere' }}>
                      <UserText>{detail}</UserText>
                    </Text>
                  )}
                  {database !== null && <LocatedBy database={database} />}
                  {receivedAt - at > 60_000 && (
                    <Text size="xs" c="dimmed">
                      The server received this {relative(receivedAt, at).replace('in ', '')} later.
                    </Text>
                  )}
                </div>
              </li>
            ))}
          </ol>
        )}
      </ShortList>
      <Text size="xs" c="dimmed">
        If a source repeats the same evidence, the server stores the evidence once every six hours. Evidence may
        therefore have been valid for up to six hours longer than this page shows.
      </Text>
    </>
  );
}
