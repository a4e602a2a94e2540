/** The map in words: areas by how many devices are there. */
import { Badge, Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import type { Overview } from '../../../shared/api/overview.ts';
import { areaName } from '../../../shared/look/area-words.ts';
import { PageLink } from '../parts/links.tsx';
import classes from './area-list.module.css';

const FIRST = 10;

export function AreaList({
  areas,
  unknown,
  ordered,
}: {
  readonly areas: Overview['areas'];
  readonly unknown: number;
  readonly ordered: ReadonlyMap<string, 'in_force' | 'coming'>;
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
                  {ordered.get(area) === 'in_force' && <Badge color="red">order in force</Badge>}
                  {ordered.get(area) === 'coming' && <Badge color="orange">order to come</Badge>}
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
