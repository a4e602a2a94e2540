/** Affected devices of an order: a bar for each class of devices, and a list of the devices in the selected class. */

import { Badge, Button, Grid, Group, Paper, SegmentedControl, Stack, Text, UnstyledButton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { IMPACT_CLASSES, type ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { ImpactView } from '../../../shared/api/order-impact.ts';
import { areaName, listed } from '../../../shared/areas/area-words.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { REASONS, type Service } from '../../../shared/verdict/terms.ts';
import { REASON_SENTENCES } from '../../../shared/verdict/words.ts';
import { DeviceLink } from '../parts/device-link.tsx';
import { SERVICE_NAMES } from '../words/orders.ts';
import { CHANGE_NAMES, CLASS_MEANING, CLASS_NAMES, waitsWords } from './impact-words.ts';
import classes from './order-impact.module.css';
import { type ImpactAt, impactQuery } from './queries.ts';

const PAGE = 10;

/**
 * Shows the devices that an order affects, now or at the order's effective time. `begun`: true after the effective time. The admin then
 * cannot choose between the two times, because both mean the present.
 */
export function OrderImpact({
  number,
  begun,
  adopted,
}: {
  readonly number: string;
  readonly begun: boolean;
  readonly adopted: boolean;
}) {
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
          aria-label="Time of the preview"
          style={{ alignSelf: 'flex-start' }}
          value={at}
          onChange={(value) => setAt(value === 'now' ? 'now' : 'effective')}
          data={[
            { value: 'effective', label: 'At the effective time' },
            { value: 'now', label: 'Now' },
          ]}
        />
      )}
      <QueryResult query={query}>
        {(impact) => (
          <>
            <Text size="sm" c="dimmed">
              Based on the current locations of {impact.fleet} devices. Select a class to list its devices.
            </Text>
            <Grid gap="lg">
              <Grid.Col span={{ base: 12, lg: 5 }}>
                <ImpactBars impact={impact} adopted={adopted} chosen={chosen} choose={choose} />
              </Grid.Col>
              <Grid.Col span={{ base: 12, lg: 7 }}>
                <ImpactDevices impact={impact} chosen={chosen} />
                <Pages offset={offset} size={PAGE} total={impact.total} goTo={setOffset} />
              </Grid.Col>
            </Grid>
          </>
        )}
      </QueryResult>
    </Stack>
  );
}

export function Pages({
  offset,
  size,
  total,
  goTo,
}: {
  readonly offset: number;
  readonly size: number;
  readonly total: number;
  readonly goTo: (offset: number) => void;
}) {
  if (total <= size) return null;
  return (
    <Group gap="sm" mt="xs">
      <Button size="xs" variant="default" disabled={offset === 0} onClick={() => goTo(Math.max(0, offset - size))}>
        Previous page
      </Button>
      <Text size="sm" role="status">
        {offset + 1} to {Math.min(offset + size, total)} of {total.toLocaleString('en')}
      </Text>
      <Button size="xs" variant="default" disabled={offset + size >= total} onClick={() => goTo(offset + size)}>
        Next page
      </Button>
    </Group>
  );
}

/**
 * Classes of devices by the delivery of an order, such as offline devices that have not stored the order. For an adopted revision, the
 * impact preview omits these classes, because the rollout of the order shows the same numbers.
 */
const DELIVERY: readonly ImpactClass[] = ['offline_current', 'offline_behind', 'undelivered'];

export function ImpactBars({
  impact,
  adopted = false,
  chosen,
  choose,
}: {
  readonly impact: Pick<ImpactView, 'counts' | 'fleet'>;
  readonly adopted?: boolean;
  readonly chosen?: ImpactClass | null;
  readonly choose?: (chosen: ImpactClass | null) => void;
}) {
  const whole = Math.max(1, impact.fleet);
  return (
    <ul className={classes.bars}>
      {IMPACT_CLASSES.filter((one) => !adopted || !DELIVERY.includes(one)).map((one) => {
        const count = impact.counts[one];
        const inside = (
          <>
            <span className={classes.name}>{CLASS_NAMES[one]}</span>
            <span className={classes.count}>{count.toLocaleString('en')}</span>
            <span className={classes.track} aria-hidden>
              <span
                className={classes.bar}
                data-grave={one === 'denied' || undefined}
                style={{ inlineSize: `${(count / whole) * 100}%` }}
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
    return <Text size="sm">{chosen === null ? 'No affected devices.' : 'No devices in this class.'}</Text>;
  }
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {chosen === null ? 'All affected devices' : `${CLASS_NAMES[chosen]}: ${CLASS_MEANING[chosen]}`}
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
            <DeviceLink id={one.device} />
            <Group gap={4}>
              {one.change && (
                <Badge color={CHANGE_COLORS[one.change.kind]} variant="outline">
                  {CHANGE_NAMES[one.change.kind]}
                </Badge>
              )}
              {one.denied.map((service) => (
                <Badge key={service} color="red">
                  {SERVICE_NAMES[service]} suspended
                </Badge>
              ))}
              {!one.connected && <Badge color="gray">Offline</Badge>}
            </Group>
          </Group>
          <Text size="sm" c="dimmed">
            {one.areas.length > 0 ? `Located in ${listed(one.areas.map(areaName))}` : 'Location unknown'}
            {one.home !== null && `, home area ${areaName(one.home)}`}. {reasonsOf(one.reasons)}{' '}
            {one.change && `${beforeWords(one.change.before)} `}
            {one.exemptUntil !== null && `Exempt until ${dateTime(one.exemptUntil)}. `}
            {waitsWords(one.waits)}
          </Text>
        </Paper>
      ))}
    </ul>
  );
}

const CHANGE_COLORS = { newly_affected: 'red', no_longer_affected: 'teal', changed: 'gray' } as const;

function beforeWords({
  denied,
  reasons,
}: {
  readonly denied: readonly Service[];
  readonly reasons: readonly string[];
}) {
  const blockedText =
    denied.length === 0
      ? 'no services suspended'
      : `${listed(denied.map((service) => SERVICE_NAMES[service]))} suspended`;
  return `In the other revision: ${blockedText}. ${reasonsOf(reasons)}`.trim();
}

function reasonsOf(reasons: readonly string[]): string {
  return REASONS.filter((reason) => reasons.includes(reason) && reason !== 'no_order')
    .map((reason) => REASON_SENTENCES[reason])
    .join(' ');
}
