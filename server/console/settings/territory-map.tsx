/** Map of disputed territories. The numbers on the map are those in the table below, which has the same content. */
import { Group, ScrollArea, Text } from '@mantine/core';
import { TERRITORIES, type Territory } from '../../../shared/areas/area-code.ts';
import { TERRITORY_FACTS } from '../../../shared/areas/territory-facts.ts';
import type { TerritoryMap as Assignments } from '../../../shared/areas/territory-policy.ts';
import { project } from '../overview/project.ts';
import world from '../overview/world.json' with { type: 'json' };
import { choiceWords, claimantsText, disputedName } from '../words/territories.ts';
import { scrollRegion } from './scroll-region.ts';
import classes from './territory-map.module.css';

/** Section of the world map that contains all disputed territories. */
const PART = { x: 452, y: 82, width: 386, height: 162 };
const RADIUS = 4.4;

/** Longitude and latitude of the territories for which the map data has no outline. */
const WITHOUT_OUTLINE: Partial<Record<Territory, readonly [number, number]>> = {
  kosovo: [20.9, 42.6],
  northern_cyprus: [33.5, 35.3],
  taiwan: [121, 23.7],
};
/** Offset between a territory and its number on the map, so that numbers do not overlap. */
const OFFSETS: Readonly<Record<Territory, readonly [number, number]>> = {
  crimea: [-10, 6],
  donetsk: [14, -3],
  luhansk: [3, -12],
  kashmir: [0, -10],
  golan: [11, -5],
  east_jerusalem: [9, 6],
  western_sahara: [10, -6],
  northern_cyprus: [-10, -3],
  abkhazia: [12, -7],
  south_ossetia: [13, 2],
  transnistria: [-11, -5],
  kosovo: [-10, 4],
  taiwan: [-10, -5],
  somaliland: [10, 3],
};

export function TerritoryMap({ assigned }: { readonly assigned: Assignments }) {
  return (
    <figure className={classes.figure}>
      <ScrollArea viewportProps={scrollRegion('Map of disputed territories')}>
        <svg viewBox={`${PART.x} ${PART.y} ${PART.width} ${PART.height}`} aria-hidden="true" className={classes.map}>
          {world.shapes.map(({ d }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: some have no code, and the list never changes
            <path key={index} d={d} className={classes.land} />
          ))}
          {TERRITORIES.map((feature, index) => (
            <Mark key={feature} feature={feature} number={index + 1} counted={assigned.get(feature)} />
          ))}
        </svg>
      </ScrollArea>
      <Group component="figcaption" gap="md" mt="xs">
        <Key counted label="Assigned to a country" />
        <Key counted={false} label="Contested" />
      </Group>
    </figure>
  );
}

function Mark({
  feature,
  number,
  counted,
}: {
  readonly feature: Territory;
  readonly number: number;
  readonly counted: string | undefined;
}) {
  const { x, y } = positionOf(feature);
  const [dx, dy] = OFFSETS[feature];
  return (
    <g className={classes.mark} data-counted={counted !== undefined}>
      <title>{`${disputedName(feature)}, claimed by ${claimantsText(feature)}, ${choiceWords(counted)}`}</title>
      <line x1={x} y1={y} x2={x + dx} y2={y + dy} />
      <circle cx={x} cy={y} r={1.2} className={classes.place} />
      <circle cx={x + dx} cy={y + dy} r={RADIUS} />
      <text x={x + dx} y={y + dy}>
        {number}
      </text>
    </g>
  );
}

function positionOf(feature: Territory): { readonly x: number; readonly y: number } {
  const { outline } = TERRITORY_FACTS[feature];
  const known = WITHOUT_OUTLINE[feature];
  if (known) return project(...known);
  const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const points = outline ?? [];
  return project(middle(points.map(([longitude]) => longitude)), middle(points.map(([, latitude]) => latitude)));
}

const Key = ({ counted, label }: { readonly counted: boolean; readonly label: string }) => (
  <Group gap={6}>
    <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true" className={classes.mark} data-counted={counted}>
      <circle cx="6" cy="6" r="5" />
    </svg>
    <Text size="sm">{label}</Text>
  </Group>
);
