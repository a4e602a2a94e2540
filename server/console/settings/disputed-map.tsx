/** Where disputed ground lies, by the numbers of the table below it, which says the same in words. A picture for eyes. */
import { Group, ScrollArea, Text } from '@mantine/core';
import { DISPUTED_FEATURES, type DisputedFeature } from '../../../shared/areas/area-code.ts';
import { DISPUTED } from '../../../shared/areas/disputed.ts';
import type { GroundMap } from '../../../shared/areas/disputed-policy.ts';
import { project } from '../overview/project.ts';
import world from '../overview/world.json' with { type: 'json' };
import { choiceWords, claimantsWords, disputedName } from '../words/ground.ts';
import classes from './disputed-map.module.css';
import { scrolled } from './scrolled.ts';

/** The part of the map on which all of it lies. */
const PART = { x: 452, y: 82, width: 386, height: 162 };
const RADIUS = 4.4;

/** Longitude and latitude of what has no outline of its own. */
const WITHOUT_OUTLINE: Partial<Record<DisputedFeature, readonly [number, number]>> = {
  kosovo: [20.9, 42.6],
  northern_cyprus: [33.5, 35.3],
  taiwan: [121, 23.7],
};
/** How far from its place each number stands, so that none hides another. */
const ASIDE: Readonly<Record<DisputedFeature, readonly [number, number]>> = {
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

export function DisputedMap({ ground }: { readonly ground: GroundMap }) {
  return (
    <figure className={classes.figure}>
      <ScrollArea viewportProps={scrolled('Map of disputed ground')}>
        <svg viewBox={`${PART.x} ${PART.y} ${PART.width} ${PART.height}`} aria-hidden="true" className={classes.map}>
          {world.shapes.map(({ d }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: some have no code, and the list never changes
            <path key={index} d={d} className={classes.land} />
          ))}
          {DISPUTED_FEATURES.map((feature, index) => (
            <Mark key={feature} feature={feature} number={index + 1} counted={ground.get(feature)} />
          ))}
        </svg>
      </ScrollArea>
      <Group component="figcaption" gap="md" mt="xs">
        <Key counted words="Counts to a country" />
        <Key counted={false} words="Contested" />
      </Group>
    </figure>
  );
}

function Mark({
  feature,
  number,
  counted,
}: {
  readonly feature: DisputedFeature;
  readonly number: number;
  readonly counted: string | undefined;
}) {
  const { x, y } = placeOf(feature);
  const [dx, dy] = ASIDE[feature];
  return (
    <g className={classes.mark} data-counted={counted !== undefined}>
      <title>{`${disputedName(feature)}, claimed by ${claimantsWords(feature)}, ${choiceWords(counted)}`}</title>
      <line x1={x} y1={y} x2={x + dx} y2={y + dy} />
      <circle cx={x} cy={y} r={1.2} className={classes.place} />
      <circle cx={x + dx} cy={y + dy} r={RADIUS} />
      <text x={x + dx} y={y + dy}>
        {number}
      </text>
    </g>
  );
}

function placeOf(feature: DisputedFeature): { readonly x: number; readonly y: number } {
  const { outline } = DISPUTED[feature];
  const known = WITHOUT_OUTLINE[feature];
  if (known) return project(...known);
  const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const points = outline ?? [];
  return project(middle(points.map(([longitude]) => longitude)), middle(points.map(([, latitude]) => latitude)));
}

const Key = ({ counted, words }: { readonly counted: boolean; readonly words: string }) => (
  <Group gap={6}>
    <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true" className={classes.mark} data-counted={counted}>
      <circle cx="6" cy="6" r="5" />
    </svg>
    <Text size="sm">{words}</Text>
  </Group>
);
