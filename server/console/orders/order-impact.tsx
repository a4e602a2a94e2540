/** Whom an order touches: counts by class as bars, and the devices behind each, by handle. */

import { Badge, Button, Grid, Group, Paper, SegmentedControl, Stack, Text, UnstyledButton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { IMPACT_CLASSES, type ImpactClass, type ImpactView } from '../../../shared/api/orders.ts';
import { areaName, listed } from '../../../shared/areas/area-words.ts';
import { Answer } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { REASONS, type Service } from '../../../shared/verdict/terms.ts';
import { REASON_SENTENCES } from '../../../shared/verdict/words.ts';
import { PageLink } from '../parts/links.tsx';
import { SERVICE_NAMES } from '../words/orders.ts';
import { CHANGE_NAMES, CLASS_MEANING, CLASS_NAMES, waitsWords } from './impact-words.ts';
import classes from './order-impact.module.css';
import { type ImpactAt, impactQuery } from './queries.ts';

const PAGE = 10;

/** `begun`: its time has come, so that `now` and `at its time` are the same. */
export function OrderImpact({ number, begun }: { readonly number: string; readonly begun: boolean }) {
  const [chosenAt, setAt] = useState<ImpactAt>('effective');
  const [chosen, setChosen] = useState<ImpactClass | null>(null);
  const [offset, setOffset] = useState(0);
  const at = begun ? 'now' : chosenAt;
  const query = useQuery({
    ...impactQuery(number, { at, class: chosen, offset, limit: PAGE }),
    placeholderData: keepPreviousData,
  });
  const choose = (one: ImpactClass | null) => {
    setChosen(one);
    setOffset(0);
  };
  return (
    <Stack gap="sm">
      {!begun && (
        <SegmentedControl
          aria-label="When"
          style={{ alignSelf: 'flex-start' }}
          value={at}
          onChange={(value) => setAt(value === 'now' ? 'now' : 'effective')}
          data={[
            { value: 'effective', label: 'At its time' },
            { value: 'now', label: 'If it were now' },
          ]}
        />
      )}
      <Answer query={query}>
        {(impact) => (
          <>
            <Text size="sm" c="dimmed">
              Of {impact.fleet} devices. Where they are is taken to be as it is now; choose a kind to see which.
            </Text>
            <Grid gap="lg">
              <Grid.Col span={{ base: 12, lg: 5 }}>
                <ImpactBars impact={impact} chosen={chosen} choose={choose} />
              </Grid.Col>
              <Grid.Col span={{ base: 12, lg: 7 }}>
                <ImpactDevices impact={impact} chosen={chosen} />
                <Pages offset={offset} size={PAGE} total={impact.total} go={setOffset} />
              </Grid.Col>
            </Grid>
          </>
        )}
      </Answer>
    </Stack>
  );
}

export function Pages({
  offset,
  size,
  total,
  go,
}: {
  readonly offset: number;
  readonly size: number;
  readonly total: number;
  readonly go: (offset: number) => void;
}) {
  if (total <= size) return null;
  return (
    <Group gap="sm" mt="xs">
      <Button size="xs" variant="default" disabled={offset === 0} onClick={() => go(Math.max(0, offset - size))}>
        Earlier
      </Button>
      <Text size="sm" role="status">
        {offset + 1} to {Math.min(offset + size, total)} of {total.toLocaleString('en')}
      </Text>
      <Button size="xs" variant="default" disabled={offset + size >= total} onClick={() => go(offset + size)}>
        Further
      </Button>
    </Group>
  );
}

export function ImpactBars({
  impact,
  chosen,
  choose,
}: {
  readonly impact: Pick<ImpactView, 'counts' | 'fleet'>;
  readonly chosen?: ImpactClass | null;
  /** Absent: nothing can be chosen. */
  readonly choose?: (chosen: ImpactClass | null) => void;
}) {
  const most = Math.max(1, ...IMPACT_CLASSES.map((one) => impact.counts[one]));
  return (
    <ul className={classes.bars}>
      {IMPACT_CLASSES.map((one) => {
        const count = impact.counts[one];
        const inside = (
          <>
            <span className={classes.name}>{CLASS_NAMES[one]}</span>
            <span className={classes.count}>{count.toLocaleString('en')}</span>
            <span className={classes.track} aria-hidden>
              <span
                className={classes.bar}
                data-grave={one === 'denied' || undefined}
                style={{ inlineSize: `${(count / most) * 100}%` }}
              />
            </span>
          </>
        );
        return (
          <li key={one}>
            {choose ? (
              <UnstyledButton
                className={classes.row}
                aria-pressed={chosen === one}
                disabled={count === 0 && chosen !== one}
                onClick={() => choose(chosen === one ? null : one)}
              >
                {inside}
              </UnstyledButton>
            ) : (
              <div className={classes.row}>{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function ImpactDevices({ impact, chosen }: { readonly impact: ImpactView; readonly chosen: ImpactClass | null }) {
  if (impact.total === 0) {
    return <Text size="sm">{chosen === null ? 'It touches no device.' : 'There is none at present.'}</Text>;
  }
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {chosen === null ? 'Every device that it touches' : `${CLASS_NAMES[chosen]}: ${CLASS_MEANING[chosen]}`}
      </Text>
      <DeviceRows devices={impact.devices} />
    </Stack>
  );
}

export function DeviceRows({ devices }: Pick<ImpactView, 'devices'>) {
  return (
    <ul className={classes.devices} aria-label="Devices">
      {devices.map((one) => (
        <Paper component="li" key={one.device} withBorder p="xs">
          <Group justify="space-between" gap={6}>
            <PageLink to="/devices/$id" params={{ id: one.device }} ff="monospace" size="sm">
              {one.device}
            </PageLink>
            <Group gap={4}>
              {one.change && (
                <Badge color={CHANGE_COLOURS[one.change.kind]} variant="outline">
                  {CHANGE_NAMES[one.change.kind]}
                </Badge>
              )}
              {one.denied.map((service) => (
                <Badge key={service} color="red">
                  {SERVICE_NAMES[service]} shut
                </Badge>
              ))}
              {!one.connected && <Badge color="gray">Offline</Badge>}
            </Group>
          </Group>
          <Text size="sm" c="dimmed">
            {one.areas.length > 0 ? `In ${listed(one.areas.map(areaName))}` : 'Place not known'}
            {one.home !== null && `, at home in ${areaName(one.home)}`}. {reasonsOf(one.reasons)}{' '}
            {one.change && `${beforeWords(one.change.before)} `}
            {one.exemptUntil !== null && `Exempt until ${dateTime(one.exemptUntil)}. `}
            {waitsWords(one.waits)}
          </Text>
        </Paper>
      ))}
    </ul>
  );
}

const CHANGE_COLOURS = { in: 'red', out: 'teal', changed: 'gray' } as const;

function beforeWords({
  denied,
  reasons,
}: {
  readonly denied: readonly Service[];
  readonly reasons: readonly string[];
}) {
  const shut = denied.length === 0 ? 'nothing shut' : `${listed(denied.map((service) => SERVICE_NAMES[service]))} shut`;
  return `By the other revision: ${shut}. ${reasonsOf(reasons)}`.trim();
}

function reasonsOf(reasons: readonly string[]): string {
  return REASONS.filter((reason) => reasons.includes(reason) && reason !== 'no_order')
    .map((reason) => REASON_SENTENCES[reason])
    .join(' ');
}
