/** The device at another time: where it was, what it might do then, which orders had to do with it, and what had been observed. */
import { Alert, Badge, Button, Group, List, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import type { Explanation } from '../../../../shared/api/explanation.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import { dateTime, readerZone, relative } from '../../../../shared/look/time-words.ts';
import {
  HOME_BY_WORDS,
  ORDER_STANDING_WORDS,
  REASON_SENTENCES,
  SOURCE_NAMES,
} from '../../../../shared/verdict/words.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Places } from '../../parts/words.tsx';
import { receiptSentence } from '../../words/devices.ts';
import { servicesWords } from '../../words/orders.ts';
import { explanationQuestion } from '../queries.ts';
import classes from './device.module.css';
import { FewAtFirst } from './few-at-first.tsx';
import { LocatedBy, Whereabouts } from './place-section.tsx';
import { OrderLink, Services } from './services-section.tsx';
import { readLocal, writtenLocal } from './written-local.ts';

const route = getRouteApi('/devices/$id');

export function ExplainSection({ device }: { readonly device: DeviceView }) {
  const { at } = route.useSearch();
  const may = useMay();
  if (!may('devices.explain')) return null;
  return (
    <Section title="At another time">
      <Text size="sm" c="dimmed">
        Where it was at any past time, what it might do then, and why. The address of this page keeps the time, so that
        it can be sent to a colleague.
      </Text>
      <Picker key={at} at={at} />
      {at !== undefined && <Explained device={device} at={at} />}
    </Section>
  );
}

function Picker({ at }: { readonly at: number | undefined }) {
  const navigate = route.useNavigate();
  const now = useServerNow(60_000);
  const [written, setWritten] = useState(() => writtenLocal(at ?? now));
  const [problem, setProblem] = useState<string | null>(null);
  const go = (instant: number | undefined) => navigate({ search: { at: instant }, replace: true, resetScroll: false });
  function submit(event: FormEvent) {
    event.preventDefault();
    const instant = readLocal(written);
    if (instant === null) return setProblem('Say a day and a time.');
    if (instant > now) return setProblem('This time has not come yet, by the clock of the server.');
    setProblem(null);
    return go(instant);
  }
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-end" gap="xs">
        <TextInput
          type="datetime-local"
          step={1}
          label={`Day and time, in your time zone (${readerZone()})`}
          value={written}
          onChange={({ currentTarget }) => setWritten(currentTarget.value)}
          error={problem}
          required
        />
        <Button type="submit" variant="default">
          Explain
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
  const query = useQuery(explanationQuestion(device.id, at));
  return (
    <Answer query={query} lines={6}>
      {(told) => <Then told={told} />}
    </Answer>
  );
}

function Then({ told }: { readonly told: Explanation }) {
  const { at, status, group, home, homeBy, seat, evidenceFrom } = told;
  const here = useRef<HTMLElement>(null);
  // Whoever was sent the address wants to see this, which is far down the page.
  // Its promise is not a clean-up.
  useEffect(() => void here.current?.scrollIntoView({ block: 'start' }), []);
  return (
    <Paper
      ref={here}
      style={{ scrollMarginTop: '5rem' }}
      withBorder
      p="md"
      aria-label={`The device at ${dateTime(at)}`}
      component="article"
    >
      <Stack gap="md">
        <div>
          <Title order={3} size="h5">
            {dateTime(at)}
          </Title>
          <Text size="sm" c="dimmed">
            {dateTime(at, 'UTC')} UTC. In the group <Given>{group.name}</Given>; home{' '}
            {home === null ? 'not set' : <Places areas={[home]} />}
            {homeBy !== null && ` (${HOME_BY_WORDS[homeBy]})`}; seat{' '}
            {seat === null ? 'not set' : <Places areas={[seat]} />}.
          </Text>
        </div>
        {status !== 'active' && (
          <Alert color="gray">The device was {status}: it had no service, whatever the orders said.</Alert>
        )}
        <Part title="Where it was">
          <Whereabouts location={told.location} sources={told.sources} then={at} />
          {evidenceFrom !== null && (
            <Text size="sm" c="dimmed">
              Evidence is kept from {dateTime(evidenceFrom)} on: an arrival may have been earlier.
            </Text>
          )}
        </Part>
        <Part title="Services then">
          <Services services={told.services} nextChange={told.nextChange} then={at} />
        </Part>
        <Part title="Orders that had to do with it">
          {told.orders.length === 0 ? <Text size="sm">None.</Text> : <Orders told={told} />}
        </Part>
        <Part title="What had been observed">
          <Observations told={told} />
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

function Orders({ told: { orders, at } }: { readonly told: Explanation }) {
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
                Revision {one.revision}, adopted {dateTime(one.adoptedAt)}: {ORDER_STANDING_WORDS[one.standing]}, about{' '}
                {servicesWords(one.services)}, from {dateTime(one.effective)}
                {one.until !== null && ` until ${dateTime(one.until)}`}.
              </Text>
              <Text size="sm">
                {one.reasons.map((reason) => REASON_SENTENCES[reason]).join(' ')}
                {one.arrival !== null && ` There since ${dateTime(one.arrival)} (${relative(one.arrival, at)}).`}
                {one.exemptUntil !== null &&
                  ` The exemption ${one.exemptUntil <= at ? 'ran out' : 'ends'} ${dateTime(one.exemptUntil)}.`}
              </Text>
              {one.receipts.length > 0 && (
                <>
                  <Text size="xs" c="dimmed">
                    Signed by the device, by its own clock:
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
              {one.denies ? 'Denied' : one.standing === 'in_force' ? 'Allowed' : 'Not in force'}
            </Badge>
          </Group>
        </li>
      ))}
    </ul>
  );
}

function Observations({ told: { observations } }: { readonly told: Explanation }) {
  if (observations.length === 0) return <Text size="sm">Nothing yet.</Text>;
  return (
    <>
      <FewAtFirst items={observations} few={6} noun="observations">
        {(shown) => (
          <ol className={classes.timeline}>
            {shown.map(({ source, areas, at, detail, database, receivedAt }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two observations of one instant and one source can be told apart by nothing else
              <li key={`${at} ${source} ${index}`}>
                <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
                <div>
                  {SOURCE_NAMES[source]}: <Places areas={areas} />
                  {detail !== '' && (
                    <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: 'anywhere' }}>
                      <Given>{detail}</Given>
                    </Text>
                  )}
                  {database !== null && <LocatedBy database={database} />}
                  {receivedAt - at > 60_000 && (
                    <Text size="xs" c="dimmed">
                      The server was told {relative(receivedAt, at).replace('in ', '')} later.
                    </Text>
                  )}
                </div>
              </li>
            ))}
          </ol>
        )}
      </FewAtFirst>
      <Text size="xs" c="dimmed">
        What says the same again is kept every six hours: an end of a source by its age may have been up to so much
        later.
      </Text>
    </>
  );
}
