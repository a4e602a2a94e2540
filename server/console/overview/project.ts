/**
 * Projection of a point onto the map in `world.json`. The generator `make-world.ts` has its own copy of the projection, and a test compares
 * the two.
 */

const SCALE = 181.32733;
const CENTER = { x: 500, y: 265 };

/** Natural Earth I projection (Šavrič, Patterson and Jenny 2011), as in d3-geo. The input is in degrees, the result in map units. */
export function project(longitude: number, latitude: number): { readonly x: number; readonly y: number } {
  const [lambda, phi] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180];
  const [phi2, phi4] = [phi ** 2, phi ** 4];
  const across = 0.8707 - 0.131979 * phi2 + phi4 * (-0.013791 + phi4 * (0.003971 * phi2 - 0.001529 * phi4));
  const up = 1.007226 + phi2 * (0.015085 + phi4 * (-0.044475 + 0.028874 * phi2 - 0.005916 * phi4));
  return { x: CENTER.x + SCALE * lambda * across, y: CENTER.y - SCALE * phi * up };
}
