import classes from './outline.module.css';
import { project } from './project.ts';

/** Outline size in map units below which the map adds a dot, because the outline alone would be invisible. */
const SMALL = 6;

export function Outline({
  title,
  rings,
  mark,
}: {
  readonly title: string;
  /** Points of each outline as alternating longitudes and latitudes, in millionths of a degree. */
  readonly rings: readonly (readonly number[])[];
  /** State of the order that names the polygon; `drawn` if no order names it. */
  readonly mark: 'drawn' | 'active' | 'announced';
}) {
  const lines = rings.map((ring) =>
    Array.from({ length: ring.length / 2 }, (_, i) =>
      project((ring[2 * i] ?? 0) / 1_000_000, (ring[2 * i + 1] ?? 0) / 1_000_000),
    ),
  );
  const [xs, ys] = [lines.flat().map(({ x }) => x), lines.flat().map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const d = lines.map((line) => `M${line.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`).join('L')}z`).join('');
  return (
    <g className={classes.group} data-order={mark}>
      <title>{title}</title>
      <path d={d} fillRule="evenodd" className={classes.outline} />
      {Math.max(right - left, bottom - top) < SMALL && (
        <circle cx={(left + right) / 2} cy={(top + bottom) / 2} r={SMALL} className={classes.dot} />
      )}
    </g>
  );
}
