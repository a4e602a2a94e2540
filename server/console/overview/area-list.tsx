/** Table of areas, sorted by number of devices. The world map on the same page shows the same numbers. */
import { Badge, Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { PageLink } from '../parts/links.tsx';
import classes from './area-list.module.css';
import type { MapMarks } from './map-marks.ts';

const FIRST = 10;

export function AreaList({
  areas,
  unknown,
  ordered,
}: {
  readonly areas: Overview['areas'];
  readonly unknown: number;
  readonly ordered: MapMarks;
}) {
  const [all, setAll] = useState(false);
  const sorted = [...areas].sort((a, b) => b.devices - a.devices || areaName(a.area).localeCompare(areaName(b.area)));
  return (
    <Stack gap="xs" align="flex-start">
      <table className={classes.table}>
        <caption>Devices by location. A device with two possible locations counts in both.</caption>
        <thead>
          <tr>
            <th scope="col">Location</th>
            <th scope="col">Devices</th>
            <th scope="col">Connected</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, all ? undefined : FIRST).map(({ area, devices, connected }) => (
            <tr key={area}>
              <th scope="row">
                <Group gap={6} wrap="wrap">
                  <PageLink to="/devices" search={{ area, status: 'active' as const }}>
                    {areaName(area)}
                  </PageLink>
                  <OrderBadge area={area} ordered={ordered} />
                </Group>
              </th>
              <td>{devices.toLocaleString('en')}</td>
              <td>
                {connected > 0 ? (
                  <PageLink
                    to="/devices"
                    search={{ area, status: 'active' as const, connected: true }}
                    aria-label={`${connected.toLocaleString('en')} connected in ${areaName(area)}`}
                  >
                    {connected.toLocaleString('en')}
                  </PageLink>
                ) : (
                  0
                )}
              </td>
            </tr>
          ))}
          {unknown > 0 && (
            <tr>
              <th scope="row">
                <PageLink to="/devices" search={{ status: 'active' as const, located: false }}>
                  Location unknown
                </PageLink>
              </th>
              <td>{unknown.toLocaleString('en')}</td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
      {FIRST < sorted.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer' : `Show all ${sorted.length}`}
        </Button>
      )}
    </Stack>
  );
}

function OrderBadge({ area, ordered }: { readonly area: string; readonly ordered: MapMarks }) {
  const whole = ordered.countries.get(area);
  if (whole === 'active') return <Badge color="red">active order</Badge>;
  if (whole === 'announced') return <Badge color="orange">announced order</Badge>;
  const parts = ordered.outlines.filter(({ touches }) => touches.includes(area));
  if (parts.length === 0) return null;
  return parts.some(({ mark }) => mark === 'active') ? (
    <Badge color="red">active order in a part</Badge>
  ) : (
    <Badge color="orange">announced order in a part</Badge>
  );
}
