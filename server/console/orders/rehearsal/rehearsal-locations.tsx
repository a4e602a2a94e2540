/** Locations of affected devices on a map, and in a table with the same content. */
import { Button, Stack, UnstyledButton } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ImpactView } from '../../../../shared/api/order-impact.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import type { OrderTerms } from '../../../../shared/order/documents.ts';
import { marksOf } from '../../overview/map-marks.ts';
import { WorldMap } from '../../overview/world-map.tsx';
import classes from './rehearsal.module.css';

const FIRST = 8;

export function RehearsalLocations({
  terms,
  begun,
  areas,
  chosen,
  choose,
}: {
  readonly terms: OrderTerms;
  readonly begun: boolean;
  readonly areas: ImpactView['areas'];
  readonly chosen: string | null;
  readonly choose: (area: string | null) => void;
}) {
  const [all, setAll] = useState(false);
  const ordered = useMemo(() => marksOf('', terms, begun ? 'active' : 'announced'), [terms, begun]);
  const sorted = [...areas].sort((a, b) => b.devices - a.devices || areaName(a.area).localeCompare(areaName(b.area)));
  const shown = sorted.slice(0, all ? undefined : FIRST);
  return (
    <Stack gap="xs">
      <WorldMap areas={areas} ordered={ordered} open={choose} />
      <table className={classes.table}>
        <caption>Affected devices by location. A device with two possible locations counts in both.</caption>
        <thead>
          <tr>
            <th scope="col">Location</th>
            <th scope="col">Affected</th>
            <th scope="col">Lose services</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ area, devices, denied }) => (
            <tr key={area}>
              <th scope="row">
                <UnstyledButton
                  className={classes.place}
                  aria-pressed={chosen === area}
                  onClick={() => choose(chosen === area ? null : area)}
                >
                  {areaName(area)}
                </UnstyledButton>
              </th>
              <td>{devices.toLocaleString('en')}</td>
              <td>{denied.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {FIRST < sorted.length && (
        <Button
          variant="subtle"
          size="compact-sm"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => setAll(!all)}
          aria-expanded={all}
        >
          {all ? 'Show fewer' : `Show all ${sorted.length}`}
        </Button>
      )}
    </Stack>
  );
}
