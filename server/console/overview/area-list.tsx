/** The map in words: areas by how many devices are there. */
import { Badge, Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { PageLink } from '../parts/links.tsx';
import classes from './area-list.module.css';
import type { Marked } from './marked-areas.ts';

const FIRST = 10;

export function AreaList({
  areas,
  unknown,
  ordered,
}: {
  readonly areas: Overview['areas'];
  readonly unknown: number;
  readonly ordered: Marked;
}) {
  const [all, setAll] = useState(false);
  const sorted = [...areas].sort((a, b) => b.devices - a.devices || areaName(a.area).localeCompare(areaName(b.area)));
  return (
    <Stack gap="xs" align="flex-start">
      <table className={classes.table}>
        <caption>Devices by the place they are in, or may be in; who may be in two counts in both.</caption>
        <thead>
          <tr>
            <th scope="col">Place</th>
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
              <td>{connected.toLocaleString('en')}</td>
            </tr>
          ))}
          {unknown > 0 && (
            <tr>
              <th scope="row">Place not known</th>
              <td>{unknown.toLocaleString('en')}</td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
      {sorted.length > FIRST && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'Show fewer' : `Show all ${sorted.length}`}
        </Button>
      )}
    </Stack>
  );
}

function OrderBadge({ area, ordered }: { readonly area: string; readonly ordered: Marked }) {
  const whole = ordered.countries.get(area);
  if (whole === 'in_force') return <Badge color="red">order in force</Badge>;
  if (whole === 'coming') return <Badge color="orange">order to come</Badge>;
  const parts = ordered.outlines.filter(({ touches }) => touches.includes(area));
  if (parts.length === 0) return null;
  return parts.some(({ mark }) => mark === 'in_force') ? (
    <Badge color="red">order in a part of it</Badge>
  ) : (
    <Badge color="orange">order to come in a part of it</Badge>
  );
}
