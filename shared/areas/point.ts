/** Longitude and latitude in degrees, in this sequence as in GeoJSON (RFC 7946, section 3.1.1). */
export type Point = readonly [number, number];

/** True if a point lies in a ring, by the even-odd rule. The last point of the ring may repeat the first. */
export function isInside([x, y]: Point, ring: readonly Point[]): boolean {
  let inside = false;
  let [px, py] = ring[ring.length - 1]!;
  for (const [qx, qy] of ring) {
    if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) inside = !inside;
    [px, py] = [qx, qy];
  }
  return inside;
}
