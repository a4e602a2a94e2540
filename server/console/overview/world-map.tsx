/**
 * World map of the fleet by country, because the server has no coordinates of devices. Screen readers and the keyboard skip the map,
 * because the list beside it has the same content.
 */
import { useMemo } from 'react';
import { areaName } from '../../../shared/areas/area-words.ts';
import type { MapMarks } from './map-marks.ts';
import { Outline } from './outline.tsx';
import { shadeOf, shadeRanges } from './shades.ts';
import world from './world.json' with { type: 'json' };
import classes from './world-map.module.css';

export interface MapArea {
  readonly area: string;
  readonly devices: number;
}

export function WorldMap({
  areas,
  ordered,
  open,
}: {
  readonly areas: readonly MapArea[];
  readonly ordered: MapMarks;
  readonly open: (area: string) => void;
}) {
  const counts = useMemo(() => {
    const byCountry = new Map<string, number>();
    for (const { area, devices } of areas) {
      const country = area.slice(0, 2);
      byCountry.set(country, Math.max(byCountry.get(country) ?? 0, devices));
    }
    return byCountry;
  }, [areas]);
  const most = Math.max(0, ...counts.values());
  const styleOf = (code: string | null) => ({
    'data-shade': shadeOf(counts.get(code ?? '') ?? 0, most),
    onClick: () => code !== null && counts.has(code) && open(code),
  });
  const title = (code: string | null) =>
    code === null ? '' : `${areaName(code)}: ${(counts.get(code) ?? 0).toLocaleString('en')} devices`;
  return (
    <figure className={classes.figure}>
      <svg viewBox={`0 0 ${world.width} ${world.height}`} aria-hidden="true" className={classes.map}>
        <defs>
          <pattern id="in-force" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2.4" height="5" className={classes.hatch} />
          </pattern>
        </defs>
        {world.shapes.map(({ code, d }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: some have no code, and the list never changes
          <path key={index} d={d} className={classes.land} {...styleOf(code)}>
            <title>{title(code)}</title>
          </path>
        ))}
        {world.dots
          .filter(({ code }) => counts.has(code))
          .map(({ code, x, y }) => (
            <circle
              key={code}
              cx={x}
              cy={y}
              r={4.5}
              className={classes.land}
              data-order={ordered.countries.get(code)}
              {...styleOf(code)}
            >
              <title>{title(code)}</title>
            </circle>
          ))}
        {/* Marked countries again, above all others, which would otherwise cover the outlines. */}
        {world.shapes.map(({ code, d }) => {
          const mark = code === null ? undefined : ordered.countries.get(code);
          if (mark === undefined) return null;
          const fill = mark === 'active' ? 'url(#in-force)' : 'none';
          return <path key={code} d={d} fill={fill} className={classes.over} data-order={mark} />;
        })}
        {ordered.outlines.map(({ id, title: name, rings, mark }) => (
          <Outline key={id} title={name} rings={rings} mark={mark} />
        ))}
      </svg>
      <figcaption className={classes.legend}>
        {shadeRanges(most).map(({ shade, from, to }) => (
          <span key={shade} className={classes.key}>
            <span className={classes.swatch} data-shade={shade} />
            {from.toLocaleString('en')}
            {to === null ? ' or more' : to > from && `–${to.toLocaleString('en')}`}
          </span>
        ))}
        <span className={classes.key}>
          <span className={classes.swatch} data-order="announced" /> announced order
        </span>
        <span className={classes.key}>
          <span className={classes.swatch} data-order="active" /> active order
        </span>
      </figcaption>
    </figure>
  );
}
