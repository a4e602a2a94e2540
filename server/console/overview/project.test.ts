import { geoNaturalEarth1 } from 'd3-geo';
import { expect, it } from 'vitest';
import world from '../overview/world.json' with { type: 'json' };
import { project } from './project.ts';

it('projects a point to the same place as the map generator', () => {
  const { width, height } = world;
  const drawn = geoNaturalEarth1().fitExtent(
    [
      [4, 4],
      [width - 4, height + 26],
    ],
    { type: 'Sphere' },
  );
  for (let longitude = -180; longitude <= 180; longitude += 30) {
    for (let latitude = -80; latitude <= 80; latitude += 20) {
      const [x = 0, y = 0] = drawn([longitude, latitude]) ?? [];
      const { x: ours, y: ourY } = project(longitude, latitude);
      expect(Math.hypot(ours - x, ourY - y), `${longitude} ${latitude}`).toBeLessThan(0.05);
    }
  }
});
