/** How dark an area is on the map: five steps, each for about as many times more devices, so that one large country does not make all others white. */

export const SHADES = 5;

/** 0 for none, else 1 to `SHADES`. `most`: the fullest area's count. */
export function shadeOf(devices: number, most: number): number {
  if (devices <= 0) return 0;
  if (most <= 1) return SHADES;
  return Math.max(1, Math.ceil((Math.log(devices + 1) / Math.log(most + 1)) * SHADES));
}

/** The counts at which each shade begins, for the legend: `[1, 3, 9, …]`, ascending, without repetitions. */
export function shadeBounds(most: number): number[] {
  const bounds = Array.from({ length: SHADES }, (_, step) => Math.ceil((most + 1) ** (step / SHADES)));
  return [...new Set(bounds)].filter((bound) => bound <= Math.max(1, most));
}
