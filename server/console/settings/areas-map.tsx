/** Map of named areas that are polygons. The list below the map has the same content as text. */
import type { NamedAreaView } from '../../../shared/api/areas.ts';
import { Outline } from '../overview/outline.tsx';
import world from '../overview/world.json' with { type: 'json' };
import classes from './areas-map.module.css';

export function AreasMap({ areas }: { readonly areas: readonly NamedAreaView[] }) {
  return (
    <svg viewBox={`0 0 ${world.width} ${world.height}`} aria-hidden="true" className={classes.map}>
      {world.shapes.map(({ d }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: some shapes have no country code, and the list of shapes never changes
        <path key={index} d={d} className={classes.land} />
      ))}
      {areas.map(
        ({ code, title, polygon }) =>
          polygon && <Outline key={code} title={title} rings={polygon.rings} mark="drawn" />,
      )}
    </svg>
  );
}
